-- Ends a batch for one doctor, after its commit: slots lose their holds and claims, watchers are told, requests leave
-- the queue. It all happens here, in one script, or not at all; a node whose lock has passed to another does none of it,
-- and whoever has the lock finds the requests still in the queue and their outcomes in the database.
-- KEYS  lock, queue, waiting queues, holds, expiry index, version, truth
-- ARGV  lock's token, doctor, channel, the id after the last settled request (empty for none),
--       changes as JSON [{m: minute, t: JSON of a slot that nobody can hold, or f: beginning of the JSON of one that can be}],
--       minutes that lose their hold as JSON, minutes that lose their claim as JSON, '1' when the calendar is to be shown anew,
--       '1' when the lock is let go of with it
-- Returns how many requests are left, or -1 when fenced off.
local lock_key, queue_key, waiting_key, holds_key, expiry_key, version_key, truth_key = unpack(KEYS)
local token, doctor, channel, successor = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('GET', lock_key) ~= token then return -1 end

local now = clock_ms()
for _, minute in ipairs(cjson.decode(ARGV[6])) do hold_remove(holds_key, expiry_key, doctor, minute) end

for _, minute in ipairs(cjson.decode(ARGV[7])) do
	local hold = hold_read(holds_key, minute)
	if hold and hold.c then
		hold.c = nil
		if hold.p then
			-- A hold that ran out meanwhile is freed by the next sweep, which tells watchers.
			hold_write(holds_key, expiry_key, doctor, minute, hold)
		else
			hold_remove(holds_key, expiry_key, doctor, minute)
		end
	end
end

-- Holds are laid over the slots only now: one that came or went since they were read is told as it is.
local changes = {}
for _, slot in ipairs(cjson.decode(ARGV[5])) do
	if slot.t then
		hold_remove(holds_key, expiry_key, doctor, slot.m)
		table.insert(changes, slot.t)
	else
		local hold = hold_read(holds_key, slot.m)
		if hold and hold.p and hold_lives_until(hold) > now then
			local who = cjson.encode({ name = hold.n or '', role = hold.r or 'patient' })
			local held = '%s"state":"held","heldUntilMs":%.0f,"heldBy":%s,"holderId":"%s"}'
			table.insert(changes, string.format(held, slot.f, hold_lives_until(hold), who, hold.u))
		else
			table.insert(changes, slot.f .. '"state":"free"}')
		end
	end
end
if #changes > 0 then
	local version = feed_append(version_key, channel, #changes, as_changes(changes))
	redis.call('SET', truth_key, string.format('%.0f', version))
end
if ARGV[8] == '1' then
	local version = feed_reset(version_key, channel)
	redis.call('SET', truth_key, string.format('%.0f', version))
end

if successor ~= '' then redis.call('XTRIM', queue_key, 'MINID', successor) end
local left = redis.call('XLEN', queue_key)
if left == 0 then
	redis.call('ZREM', waiting_key, doctor)
else
	redis.call('ZADD', waiting_key, 'XX', string.format('%.0f', now), doctor)
end
-- In the same moment in which it is known whether anything is left: who comes later finds the lock free.
if ARGV[9] == '1' then redis.call('DEL', lock_key) end
return left
