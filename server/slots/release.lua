-- Releases a holder's slot and those held together with it.
-- KEYS  holds, expiry index, version        ARGV  channel, doctor, holder's id, minute
-- Returns {user, minute, attempt of each ended hold …}; nothing when the holder does not hold the slot.
local holds_key, expiry_key, version_key = KEYS[1], KEYS[2], KEYS[3]
local channel, doctor, user, minute = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = clock_ms()

local hold = hold_read(holds_key, minute)
if not hold or hold.u ~= user or not hold.p or (hold.x or 0) <= now then return {} end

local changes, ended = {}, {}
for _, each in ipairs(hold.k) do
	local other = hold_read(holds_key, each)
	if other and other.u == user then
		hold_note_end(ended, each, other)
		table.insert(changes, hold_end(holds_key, expiry_key, doctor, each, other, now))
	end
end
publish_slots(version_key, channel, changes)
return ended
