-- Removes slots from their holder's count, for whichever attempts they are counted.
-- KEYS  the holder's slots (reserve.lua)        ARGV  slot ids …
local gone = {}
for _, slot in ipairs(ARGV) do gone[slot] = true end
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
	if gone[string.match(member, '^%S+')] then redis.call('ZREM', KEYS[1], member) end
end
return 1
