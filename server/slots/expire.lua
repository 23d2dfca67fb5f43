-- Removes expired holds in some shards. Any node may run this at any time, because only one run finds an entry.
-- KEYS  expiry indexes        ARGV  at most how many, then the tag of each index's shard
-- Returns {'nothing held'}, {'looked at all'} or, when the limit was reached, {'more'}, followed by user, 'doctor:minute', attempt of
-- each ended hold ….
if redis.call('EXISTS', unpack(KEYS)) == 0 then return { 'nothing held' } end
local limit = tonumber(ARGV[1])
local now = clock_ms()
local ended = {}

local function expire_shard(expiry_key, tag)
	local due = redis.call('ZRANGEBYSCORE', expiry_key, '-inf', now, 'LIMIT', 0, limit)
	limit = limit - #due
	local freed = {}
	for _, member in ipairs(due) do
		local doctor, minute = string.match(member, '^(%d+):(%d+)$')
		local holds_key = key_prefix .. tag .. ':holds:' .. doctor
		local hold = hold_read(holds_key, minute)
		if hold and hold_lives_until(hold) > now then
			redis.call('ZADD', expiry_key, hold_lives_until(hold), member)
		else
			hold_remove(holds_key, expiry_key, doctor, minute)
			if hold then hold_note_end(ended, member, hold) end
			if hold and hold.p then
				freed[doctor] = freed[doctor] or {}
				table.insert(freed[doctor], free_slot(hold))
			end
		end
	end
	for doctor, slots in pairs(freed) do
		publish_slots(key_prefix .. tag .. ':feed:' .. doctor .. ':version', tag .. ':feed:' .. doctor, slots)
	end
end

for index, expiry_key in ipairs(KEYS) do
	if limit > 0 then expire_shard(expiry_key, ARGV[index + 1]) end
end
return { limit > 0 and 'looked at all' or 'more', unpack(ended) }
