-- Counts an attempt's slots against their holder's limit. The count has the holder's own hash tag, apart from the doctor's. A slot of
-- several attempts counts once. A slot that is counted already can be counted again. One appointment may exceed the limit when the
-- holder has no other holds.
-- KEYS  the holder's slots, each with its attempt, scored by when they no longer count (ms)
-- ARGV  attempt, limit, how long they count (ms), slot ids …
-- Returns 1 when all slots are counted, 0 when they are too many and none is.
local count_key, attempt, limit, count_ms = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock_ms()
redis.call('ZREMRANGEBYSCORE', count_key, '-inf', now)

local counted, own, slots, others = {}, {}, 0, 0
for _, member in ipairs(redis.call('ZRANGE', count_key, 0, -1)) do
	local slot = string.match(member, '^%S+')
	if string.match(member, ' (%S+)$') == attempt then own[slot] = true end
	if not counted[slot] then slots = slots + 1 end
	counted[slot] = true
end
local is_more = false
for i = 4, #ARGV do
	own[ARGV[i]] = true
	if not counted[ARGV[i]] then
		is_more = true
		slots = slots + 1
	end
end
for slot in pairs(counted) do
	if not own[slot] then others = others + 1 end
end
if is_more and others > 0 and slots > limit then return 0 end

for i = 4, #ARGV do redis.call('ZADD', count_key, now + count_ms, ARGV[i] .. ' ' .. attempt) end
redis.call('PEXPIRE', count_key, count_ms * 2)
return 1
