-- Holds of one doctor are the fields of one hash: the minute a slot starts, and a record of
--   u, n, r  the holder's id, name and role
--   t        the attempt that placed it, under which it is counted (reserve.lua)
--   k        the minutes of all slots held together with this one
--   x        when the hold runs out (ms)          b  when it was first placed (ms)
--   c        until when a booking has a claim on the slot (ms), while it is being settled
--   s        true when it was placed through a connection, and ends soon after it
--   m        what x was before its holder disconnected
--   p        true when the hold was published; a claim alone is not
--   f        the beginning of the slot's JSON, up to its state
-- Every record is also in the expiry index of its shard, scored by when it must be looked at.
-- All times are Redis's own: a node whose clock jumps does no harm.

local function hold_read(holds_key, minute)
	local text = redis.call('HGET', holds_key, minute)
	if text then return cjson.decode(text) end
	return nil
end

local function hold_lives_until(hold)
	return math.max(hold.x or 0, hold.c or 0)
end

local function hold_write(holds_key, expiry_key, doctor, minute, hold)
	redis.call('HSET', holds_key, minute, cjson.encode(hold))
	redis.call('ZADD', expiry_key, hold_lives_until(hold), doctor .. ':' .. minute)
end

local function hold_remove(holds_key, expiry_key, doctor, minute)
	redis.call('HDEL', holds_key, minute)
	redis.call('ZREM', expiry_key, doctor .. ':' .. minute)
end

-- Returns the holds that watchers may see, as {minute, record, minute, record, …}.
local function holds_shown(holds_key, now)
	local shown = {}
	local fields = redis.call('HGETALL', holds_key)
	for i = 1, #fields, 2 do
		local hold = cjson.decode(fields[i + 1])
		if hold.p and hold_lives_until(hold) > now then
			table.insert(shown, fields[i])
			table.insert(shown, fields[i + 1])
		end
	end
	return shown
end

-- Returns the calendar's version at the last change that PostgreSQL made. A Redis without its memory does not know it, and answers
-- with the present version: every version known before is lower, because new ones start at the clock.
local function truth_read(truth_key, version_key)
	local truth = redis.call('GETEX', truth_key, 'PX', feed_ttl_ms)
	if truth then return truth end
	truth = feed_version(version_key)
	redis.call('SET', truth_key, truth, 'PX', feed_ttl_ms)
	return truth
end

local function truth_write(truth_key, version)
	redis.call('SET', truth_key, string.format('%.0f', version), 'PX', feed_ttl_ms)
end

-- Completes a slot's JSON with its state. codec.ts defines the fields and their order.
local function free_slot(hold)
	return hold.f .. '"state":"free"}'
end

local function held_slot(hold)
	return string.format(
		'%s"state":"held","heldUntilMs":%.0f,"heldBy":{"name":%s,"role":"%s"},"holderId":"%s"}',
		hold.f, hold_lives_until(hold), cjson.encode(hold.n or ''), hold.r or 'patient', hold.u
	)
end

-- Notes that an attempt's hold of a slot has ended, so that the caller removes it from the holder's count.
local function hold_note_end(ended, slot, hold)
	if not hold.p then return end
	table.insert(ended, hold.u)
	table.insert(ended, type(slot) == 'number' and string.format('%.0f', slot) or slot)
	table.insert(ended, hold.t or '')
end

-- Ends a hold before its time. Returns the slot's JSON to publish, or nothing while a booking is being settled: its end removes the
-- claim, and then the sweep publishes the slot.
local function hold_end(holds_key, expiry_key, doctor, minute, hold, now)
	if (hold.c or 0) > now then
		hold.x = now
		hold_write(holds_key, expiry_key, doctor, minute, hold)
		return nil
	end
	hold_remove(holds_key, expiry_key, doctor, minute)
	return free_slot(hold)
end

-- Publishes the JSON of slots. Returns the last version; nothing without slots.
local function publish_slots(version_key, channel, slots)
	if #slots > 0 then return feed_append(version_key, channel, #slots, '[' .. table.concat(slots, ',') .. ']') end
end
