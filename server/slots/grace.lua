-- Shortens a hold whose holder disconnected, or gives it its time back when the holder is here again in time.
-- Only a hold that was placed through a connection ends with it.
-- KEYS  holds, expiry index        ARGV  doctor, holder's id, minute, grace ms (0 gives the time back)
-- Returns {minute, when it runs out now (ms), …} of what is held.
local holds_key, expiry_key = KEYS[1], KEYS[2]
local doctor, user, minute, grace_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = clock_ms()

local hold = hold_read(holds_key, minute)
if not hold or hold.u ~= user or (hold.x or 0) <= now then return {} end
if grace_ms > 0 and not hold.s then return {} end

local ends = {}
for _, each in ipairs(hold.k) do
	local other = hold_read(holds_key, each)
	if other and other.u == user and (other.x or 0) > now then
		if grace_ms > 0 then
			if now + grace_ms < other.x then
				other.m = other.x
				other.x = now + grace_ms
			end
		elseif other.m then
			other.x = other.m
			other.m = nil
		end
		hold_write(holds_key, expiry_key, doctor, each, other)
		table.insert(ends, string.format('%.0f', each))
		table.insert(ends, string.format('%.0f', other.x))
	end
end
return ends
