-- Sets how many watchers a calendar has through one node, and sends the sum to every node.
-- KEYS  the calendar's viewers by node        ARGV  channel, node, viewers, how long a node's count is valid (ms)
local now = clock_ms()
local node, viewers, fresh_ms = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if viewers > 0 then
	redis.call('HSET', KEYS[1], node, viewers .. ' ' .. string.format('%.0f', now))
	redis.call('PEXPIRE', KEYS[1], fresh_ms)
else
	redis.call('HDEL', KEYS[1], node)
end
local sum = 0
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
	local count, at = string.match(fields[i + 1], '^(%d+) (%d+)$')
	if tonumber(at) + fresh_ms > now then
		sum = sum + tonumber(count)
	else
		redis.call('HDEL', KEYS[1], fields[i])
	end
end
redis.call(publish_command, key_prefix .. ARGV[1], '!' .. sum)
return sum
