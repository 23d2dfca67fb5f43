-- The board's part in the mailbox's scripts (platform/mailbox/mailbox.lua).
-- KEYS of the rider: holds, expiry index, version, truth. The mailbox's key is the doctor.

local claim_ms = 30000

-- Claims a slot that is free, or held by the account that books it. A hold that has just expired still refuses the claim, because its
-- end is not published yet.
local function claim_alone(holds_key, expiry_key, doctor, minute, user, now)
	local hold = hold_read(holds_key, minute)
	if hold and hold.u ~= user then return '' end
	hold = hold or { u = user, k = { tonumber(minute) } }
	hold.c = now + claim_ms
	hold_write(holds_key, expiry_key, doctor, minute, hold)
	return string.format('%.0f', minute)
end

-- Returns the holds that the batch meets, and the minute of the slot that was claimed for its only request (empty for none), which
-- spares a lone booking the round trip of claim.lua. Claims without a hold are left out: a node that died left them, and the request
-- behind such a claim is settled again now.
local function rider_take(keys, doctor, entries, now)
	local shown = holds_shown(keys[1], now)
	if #entries ~= 2 then return { shown, '' } end
	local request = cjson.decode(entries[2])
	if request.kind ~= 'book' then return { shown, '' } end
	return { shown, claim_alone(keys[1], keys[2], doctor, request.startMinute, request.by, now) }
end

-- Removes holds and claims, and publishes the changes.
-- json  changes: slots in order, each {m: minute, t: JSON of a slot that cannot be held, or f: beginning of the JSON of one that
-- can}, unhold, unclaim: minutes, reset: whether watchers start over from a snapshot
local function rider_finish(keys, doctor, json, now)
	local holds_key, expiry_key, version_key, truth_key = unpack(keys)
	local channel = string.sub(version_key, 1, -(#':version' + 1))
	local batch = cjson.decode(json)
	for _, minute in ipairs(batch.unhold) do hold_remove(holds_key, expiry_key, doctor, minute) end

	for _, minute in ipairs(batch.unclaim) do
		local hold = hold_read(holds_key, minute)
		if hold and hold.c then
			hold.c = nil
			if hold.p then
				-- A hold that expired meanwhile is removed and published by the next sweep.
				hold_write(holds_key, expiry_key, doctor, minute, hold)
			else
				hold_remove(holds_key, expiry_key, doctor, minute)
			end
		end
	end

	-- The holds are read at this moment, so that a hold which was placed or ended since the facts were read is published as it is.
	local changes = {}
	for _, slot in ipairs(batch.changes) do
		local hold = not slot.t and hold_read(holds_key, slot.m)
		if slot.t then
			hold_remove(holds_key, expiry_key, doctor, slot.m)
			table.insert(changes, slot.t)
		elseif hold and hold.p and hold_lives_until(hold) > now then
			hold.f = slot.f
			table.insert(changes, held_slot(hold))
		else
			table.insert(changes, slot.f .. '"state":"free"}')
		end
	end
	local version = publish_slots(version_key, channel, changes)
	if version then truth_write(truth_key, version) end
	if batch.reset then
		truth_write(truth_key, feed_reset(version_key, channel))
	end
end
