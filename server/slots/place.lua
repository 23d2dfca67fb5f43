-- Places or renews one holder's hold on slots that go together: all of them or none.
-- KEYS  holds, expiry index, version, truth
-- ARGV  channel, doctor, the calendar's version that was known before the database was asked, holder's id, holder as
--       JSON {name, role}, hold ms, ceiling ms, slots as JSON [{m: minute, f: beginning of its JSON}], '1' when it ends
--       with a connection
-- Returns {'placed', until (ms), minutes that are no longer held …}, {'held'} or {'stale', truth}.
local holds_key, expiry_key, version_key, truth_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local channel, doctor, known, user, who = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local hold_ms, ceiling_ms = tonumber(ARGV[6]), tonumber(ARGV[7])
local slots = cjson.decode(ARGV[8])
local now = clock_ms()

-- Bookings move the truth on. What the database said before that may be wrong by now: ask it again. So, too, when the caller
-- knows a number that this Redis has not given out: a replica that lagged has become the master, and numbers are given out again.
local truth = truth_read(truth_key, version_key)
if tonumber(truth) > known or known > tonumber(feed_version(version_key)) then return { 'stale', truth } end

local born, wanted, earlier = now, {}, {}
for _, slot in ipairs(slots) do
	wanted[slot.m] = true
	local hold = hold_read(holds_key, slot.m)
	if hold and hold_lives_until(hold) > now then
		if hold.u ~= user then return { 'held' } end
		if (hold.x or 0) > now then born = math.min(born, hold.b) end
		earlier[slot.m] = hold
	end
end

local until_ms = math.min(now + hold_ms, born + ceiling_ms)
local minutes = {}
for index, slot in ipairs(slots) do minutes[index] = slot.m end

local changes, released = {}, {}
for _, hold in pairs(earlier) do
	for _, minute in ipairs(hold.k or {}) do
		local other = not wanted[minute] and hold_read(holds_key, minute)
		if other and other.u == user then
			wanted[minute] = true
			table.insert(changes, hold_let_go(holds_key, expiry_key, doctor, minute, other, now))
			table.insert(released, string.format('%.0f', minute))
		end
	end
end

local holder = cjson.decode(who)
for _, slot in ipairs(slots) do
	hold_write(holds_key, expiry_key, doctor, slot.m, {
		u = user, n = holder.name, r = holder.role, k = minutes, x = until_ms, b = born,
		c = earlier[slot.m] and earlier[slot.m].c, p = true, f = slot.f, s = ARGV[9] == '1',
	})
	table.insert(changes, string.format('%s"state":"held","heldUntilMs":%.0f,"heldBy":%s,"holderId":"%s"}', slot.f, until_ms, who, user))
end
publish_slots(version_key, channel, changes)
return { 'placed', string.format('%.0f', until_ms), unpack(released) }
