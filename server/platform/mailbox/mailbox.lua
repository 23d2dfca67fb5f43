-- A mailbox is a stream of messages for one key, in the order in which they reached Redis, and a lease: the node that has
-- the lease settles them. Messages leave the stream only when they are settled, so that none is lost with the node that took it.
-- The index `waiting` tells since when each key's messages have waited, so that a key whose node died is found.
--
-- A rider is another owner of records for the same key, which does its part in the same script:
--   rider_take(keys, key, entries, now)    returns what the batch is to see of them
--   rider_finish(keys, key, json, now)     changes them as the batch has settled
--
-- KEYS of each script but the last: stream, waiting, lease, and the rider's.

local function mailbox_take(key, at_most, now)
	local entries = {}
	for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', at_most)) do
		table.insert(entries, entry[1])
		table.insert(entries, entry[2][2])
	end
	local seen = rider_take({ unpack(KEYS, 4) }, key, entries, now)
	return { string.format('%.0f', now), entries, redis.call('XLEN', KEYS[1]), seen }
end

-- Appends messages in order. Takes the lease and the oldest messages along with it, when told to and nobody else has it.
-- ARGV  key, lease's token (empty to leave the lease alone), lease ms, at most how many to take,
--       then for each message: how many may be before it, and the message
-- Returns '1' or '0' for each message, '0' when the mailbox was full, and what was taken, if it was.
local function append()
	local key, token = ARGV[1], ARGV[2]
	local now = clock_ms()
	local length = redis.call('XLEN', KEYS[1])
	if length == 0 then redis.call('PERSIST', KEYS[1]) end
	local added = {}
	for i = 5, #ARGV, 2 do
		local fits = length < tonumber(ARGV[i])
		if fits then
			redis.call('XADD', KEYS[1], '*', 'r', ARGV[i + 1])
			length = length + 1
		end
		table.insert(added, fits and '1' or '0')
	end
	if length > 0 then redis.call('ZADD', KEYS[2], 'NX', string.format('%.0f', now), key) end
	if token == '' or not lease_take(KEYS[3], token, ARGV[3]) then return { table.concat(added) } end
	return { table.concat(added), mailbox_take(key, ARGV[4], now) }
end

-- Takes the lease, and with it the oldest messages; not when another has the lease, nor when there is nothing to do.
-- ARGV  key, lease's token, lease ms, at most how many
local function take()
	if redis.call('XLEN', KEYS[1]) == 0 then return 'empty' end
	if not lease_take(KEYS[3], ARGV[2], ARGV[3]) then return 'leased' end
	return mailbox_take(ARGV[1], ARGV[4], clock_ms())
end

-- Ends a batch for one key: the rider does its part, settled messages leave, and the lease may end with it. All of it happens
-- here or nothing: a node whose lease has passed on changes nothing, and the node that has it finds the messages still there.
-- ARGV  key, lease's token, the id after the last settled message (empty for none), '1' when the lease ends, what the rider is told
-- Returns how many messages are left, or -1 when the lease has passed on.
local function finish()
	if not lease_holds(KEYS[3], ARGV[2]) then return -1 end
	local now = clock_ms()
	rider_finish({ unpack(KEYS, 4) }, ARGV[1], ARGV[5], now)
	if ARGV[3] ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3]) end
	local left = redis.call('XLEN', KEYS[1])
	if left == 0 then
		redis.call('ZREM', KEYS[2], ARGV[1])
		-- The stream of a key that is not used any more is forgotten.
		redis.call('PEXPIRE', KEYS[1], 86400000)
	else
		redis.call('ZADD', KEYS[2], 'XX', string.format('%.0f', now), ARGV[1])
	end
	-- At the same moment at which it is known whether anything is left: a message that comes later finds the lease free.
	if ARGV[4] == '1' then redis.call('DEL', KEYS[3]) end
	return left
end

-- Keys of some shards whose messages have waited since before a moment, each with since when.
-- KEYS  the index of each shard        ARGV  the moment (ms), at most how many of each shard
local function strays()
	if redis.call('EXISTS', unpack(KEYS)) == 0 then return {} end
	local found = {}
	for _, waiting_key in ipairs(KEYS) do
		for _, field in ipairs(redis.call('ZRANGEBYSCORE', waiting_key, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])) do
			table.insert(found, field)
		end
	end
	return found
end
