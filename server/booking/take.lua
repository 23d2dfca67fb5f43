-- Takes a doctor's lock, and with it the oldest requests; not when another has the lock, nor when there is nothing to do.
-- KEYS  queue, holds, lock        ARGV  at most how many, lock's token, lease ms
local length = redis.call('XLEN', KEYS[1])
if length == 0 then return 'empty' end
if not lease_take(KEYS[3], ARGV[2], ARGV[3]) then return 'locked' end
return queue_take(KEYS[1], KEYS[2], ARGV[1], length, clock_ms())
