-- Hands a guest's hold over to an account: all slots that are held together, with the time that they have left.
-- KEYS  holds, expiry index, version
-- ARGV  one JSON object {channel, doctor, guest, user, name, role, attempt, minutes}
-- Returns {'claimed', until (ms)}, also when the account has the hold already; {'gone'} when the guest has it no more.
local holds_key, expiry_key, version_key = KEYS[1], KEYS[2], KEYS[3]
local wish = cjson.decode(ARGV[1])
local now = clock_ms()

local found, until_ms = {}, nil
for _, minute in ipairs(wish.minutes) do
	local hold = hold_read(holds_key, minute)
	if not hold or not hold.p or (hold.x or 0) <= now then return { 'gone' } end
	if hold.u ~= wish.guest and hold.u ~= wish.user then return { 'gone' } end
	found[minute] = hold
	until_ms = hold.x
end

local changes = {}
for _, minute in ipairs(wish.minutes) do
	local hold = found[minute]
	if hold.u ~= wish.user then
		hold.u, hold.n, hold.r, hold.t = wish.user, wish.name, wish.role, wish.attempt
		hold_write(holds_key, expiry_key, wish.doctor, minute, hold)
		table.insert(changes, held_slot(hold))
	end
end
publish_slots(version_key, wish.channel, changes)
return { 'claimed', string.format('%.0f', until_ms) }
