-- What the holder of a doctor's lock has to settle: the time, the oldest requests, the holds they meet, and how many
-- requests there are in all. Nothing is removed: requests leave the queue when they are settled.
local function queue_take(queue_key, holds_key, at_most, length, now)
	local entries = {}
	for _, entry in ipairs(redis.call('XRANGE', queue_key, '-', '+', 'COUNT', at_most)) do
		table.insert(entries, entry[1])
		table.insert(entries, entry[2][2])
	end
	-- A claim without a hold is not among them: a node that died left it, and the request that made it is settled again now.
	return { string.format('%.0f', now), entries, holds_shown(holds_key, now), length }
end

-- Claims a slot that nobody else holds, or held until a moment ago: of that watchers are still to be told.
local function claim_alone(holds_key, expiry_key, doctor, minute, user, until_ms)
	local hold = hold_read(holds_key, minute)
	if hold and hold.u ~= user then return false end
	hold = hold or { u = user, k = { tonumber(minute) } }
	hold.c = until_ms
	hold_write(holds_key, expiry_key, doctor, minute, hold)
	return true
end
