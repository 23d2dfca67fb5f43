-- Doctors of some shards whose queues have waited since before a moment, each with since when.
-- KEYS  waiting queues of each shard        ARGV  the moment (ms), at most how many of each shard
if redis.call('EXISTS', unpack(KEYS)) == 0 then return {} end
local found = {}
for _, waiting_key in ipairs(KEYS) do
	for _, field in ipairs(redis.call('ZRANGEBYSCORE', waiting_key, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])) do
		table.insert(found, field)
	end
end
return found
