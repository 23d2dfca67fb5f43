-- Appends requests to a doctor's queue, in order, and marks the queue as waiting, so that no request is forgotten when
-- the node that took them dies. Takes the queue's lock and its oldest requests along with it, when told to and nobody
-- else has it. One that finds nobody before it gets the slot that it asks for claimed, too, as claim.lua does it.
-- KEYS  queue, waiting queues of the shard, lock, holds, expiry index
-- ARGV  doctor, lock's token (empty to leave the lock alone), lease ms, at most how many to take,
--       the minute of the slot to claim (empty for none), for whom, claim ms,
--       then for each request: how long the queue may be before it, and the request as JSON
-- Returns '1' or '0' for each request, '0' when the queue was full, and what was taken, if it was, with '1' when the slot was claimed.
local queue_key, waiting_key, lock_key, holds_key, expiry_key = unpack(KEYS)
local minute, user, claim_ms = ARGV[5], ARGV[6], tonumber(ARGV[7])
local now = clock_ms()
local length = redis.call('XLEN', queue_key)
local added = {}
for i = 8, #ARGV, 2 do
	local fits = length < tonumber(ARGV[i])
	if fits then
		redis.call('XADD', queue_key, '*', 'r', ARGV[i + 1])
		length = length + 1
	end
	table.insert(added, fits and '1' or '0')
end
if length > 0 then redis.call('ZADD', waiting_key, 'NX', string.format('%.0f', now), ARGV[1]) end

if ARGV[2] == '' or not lease_take(lock_key, ARGV[2], ARGV[3]) then return { table.concat(added) } end
local taken = queue_take(queue_key, holds_key, ARGV[4], length, now)
local claimed = minute ~= '' and length == 1 and claim_alone(holds_key, expiry_key, ARGV[1], minute, user, now + claim_ms)
return { table.concat(added), taken[1], taken[2], taken[3], taken[4], claimed and '1' or '0' }
