-- Claims the slots that a batch has won against new holds, until the batch is settled. All slots of the doctor or none.
-- KEYS  lease, holds, expiry index, version
-- ARGV  lease's token, doctor, channel, claim ms, slots as JSON [{m: minute, u: winner, f: beginning of its JSON}]
-- Returns {'fenced'} when the lease has passed to another node, {'held', minute, holder, …} when another account holds a slot.
local holds_key, expiry_key = KEYS[2], KEYS[3]
local token, doctor, channel, claim_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not lease_holds(KEYS[1], token) then return { 'fenced' } end

local now = clock_ms()
local slots = cjson.decode(ARGV[5])
local held, found = { 'held' }, {}
for _, slot in ipairs(slots) do
	local hold = hold_read(holds_key, slot.m)
	found[slot.m] = hold
	if hold and hold.p and hold.u ~= slot.u and hold_lives_until(hold) > now then
		table.insert(held, string.format('%.0f', slot.m))
		table.insert(held, hold.u)
	end
end
if #held > 1 then return held end

local freed = {}
for _, slot in ipairs(slots) do
	local hold = found[slot.m]
	-- The claim overwrites an expired hold, so its end is published here: the sweep cannot find the hold any more.
	if hold and hold.p and hold.u ~= slot.u then table.insert(freed, free_slot(hold)) end
	if not hold or hold.u ~= slot.u then hold = { u = slot.u, f = slot.f, k = { slot.m } } end
	hold.c = now + claim_ms
	hold_write(holds_key, expiry_key, doctor, slot.m, hold)
end
publish_slots(KEYS[4], channel, freed)
return { 'claimed' }
