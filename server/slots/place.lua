-- Places or renews a holder's hold on slots that belong together: all of them or none.
-- KEYS  holds, expiry index, version, truth
-- ARGV  one JSON object {channel, doctor, known: the calendar's version before the database was read, user, name, role, attempt,
-- holdMs, ceilingMs, throughSocket: whether the hold ends with a connection, slots: [{m: minute, f: beginning of its JSON}]}
-- Returns {'placed', until (ms), user, minute, attempt of each ended hold …}, {'held'} or {'stale', truth}.
local holds_key, expiry_key, version_key, truth_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local wish = cjson.decode(ARGV[1])
local now = clock_ms()

-- Bookings raise the truth. What the database said before may be outdated, so the caller must read again. The same holds when the
-- caller knows a number that this Redis has not given out: a lagging replica has become the master and gives numbers out again.
local truth = truth_read(truth_key, version_key)
if tonumber(truth) > wish.known or wish.known > tonumber(feed_version(version_key)) then return { 'stale', truth } end

local born, wanted, found, ended = now, {}, {}, {}
for _, slot in ipairs(wish.slots) do
	wanted[slot.m] = true
	local hold = hold_read(holds_key, slot.m)
	if hold then
		if hold_lives_until(hold) > now then
			if hold.u ~= wish.user then return { 'held' } end
			if (hold.x or 0) > now then born = math.min(born, hold.b) end
			found[slot.m] = hold
		end
		hold_note_end(ended, slot.m, hold)
	end
end

local until_ms = math.min(now + wish.holdMs, born + wish.ceilingMs)
local minutes = {}
for index, slot in ipairs(wish.slots) do minutes[index] = slot.m end

-- Slots that the holder held together with one of these are released.
local changes = {}
for _, hold in pairs(found) do
	for _, minute in ipairs(hold.k or {}) do
		local other = not wanted[minute] and hold_read(holds_key, minute)
		if other and other.u == wish.user then
			wanted[minute] = true
			hold_note_end(ended, minute, other)
			table.insert(changes, hold_end(holds_key, expiry_key, wish.doctor, minute, other, now))
		end
	end
end

for _, slot in ipairs(wish.slots) do
	local hold = {
		u = wish.user, n = wish.name, r = wish.role, t = wish.attempt, k = minutes, x = until_ms, b = born,
		c = found[slot.m] and found[slot.m].c, p = true, f = slot.f, s = wish.throughSocket,
	}
	hold_write(holds_key, expiry_key, wish.doctor, slot.m, hold)
	table.insert(changes, held_slot(hold))
end
publish_slots(version_key, wish.channel, changes)
return { 'placed', string.format('%.0f', until_ms), unpack(ended) }
