-- Counts a hold against its holder's limit. It lives under the holder's own hash tag, apart from the doctor's.
-- KEYS  the holder's slots, by when their holds run out        ARGV  slot id, limit, hold ms
-- Returns 0 at the limit, 1 for a new hold, 2 for one that is counted already: it counts for longer when it is renewed.
local now = clock_ms()
local slot, limit, hold_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], hold_ms * 2)
if redis.call('ZSCORE', KEYS[1], slot) then return 2 end
if redis.call('ZCARD', KEYS[1]) >= limit then return 0 end
redis.call('ZADD', KEYS[1], now + hold_ms, slot)
redis.call('PEXPIRE', KEYS[1], hold_ms * 2)
return 1
