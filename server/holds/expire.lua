-- Frees what has run out in one shard. Any node may run it at any time: an entry is popped by one of them only.
-- KEYS  expiry index        ARGV  shard's tag, at most how many
local expiry_key = KEYS[1]
local tag, limit = ARGV[1], ARGV[2]
local now = clock_ms()

local freed, count = {}, 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', expiry_key, '-inf', now, 'LIMIT', 0, limit)) do
	local doctor, minute = string.match(member, '^(%d+):(%d+)$')
	local holds_key = tag .. ':holds:' .. doctor
	local hold = hold_read(holds_key, minute)
	if hold and hold_lives_until(hold) > now then
		redis.call('ZADD', expiry_key, hold_lives_until(hold), member)
	else
		hold_remove(holds_key, expiry_key, doctor, minute)
		if hold and hold.p then
			freed[doctor] = freed[doctor] or {}
			table.insert(freed[doctor], free_slot(hold))
			count = count + 1
		end
	end
end
for doctor, slots in pairs(freed) do
	publish_slots(tag .. ':feed:' .. doctor .. ':version', tag .. ':feed:' .. doctor, slots)
end
return count
