-- Shortens the holds of a holder who disconnected, or restores their time when the holder reconnects in time. Affects only holds that
-- were placed through a socket.
-- KEYS  holds, expiry index        ARGV  doctor, holder's id, grace ms (0 restores the time), minutes …
local holds_key, expiry_key = KEYS[1], KEYS[2]
local doctor, user, grace_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = clock_ms()

for i = 4, #ARGV do
	local minute = ARGV[i]
	local hold = hold_read(holds_key, minute)
	if hold and hold.u == user and (hold.x or 0) > now then
		if grace_ms == 0 and hold.m then
			hold.x = hold.m
			hold.m = nil
			hold_write(holds_key, expiry_key, doctor, minute, hold)
		elseif grace_ms > 0 and hold.s and now + grace_ms < hold.x then
			hold.m = hold.x
			hold.x = now + grace_ms
			hold_write(holds_key, expiry_key, doctor, minute, hold)
		end
	end
end
return 1
