-- A mailbox is a stream of messages for one key, in the order in which they reached Redis, and a lease: the lease's owner settles the
-- messages. Messages leave the stream only once they are settled, so that none is lost when their node dies. The index `waiting`
-- records since when each key's messages have waited, so that other nodes find the keys of a dead node.
--
-- A rider is another owner of records for the same key. It does its part in the same script:
--   rider_take(keys, key, entries, now)    returns what the batch needs of those records
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

-- Appends messages in order. When asked to, and when no other node has the lease, also takes the lease and the oldest messages.
-- ARGV  key, lease's token (empty to leave the lease alone), lease ms, at most how many to take,
--       then for each message: the highest number of messages before it, and the message
-- Returns '1' or '0' for each message ('0' when the mailbox was full), and the batch, if one was taken.
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

-- Takes the lease and the oldest messages, unless another node has the lease or the mailbox is empty.
-- ARGV  key, lease's token, lease ms, at most how many
local function take()
	if redis.call('XLEN', KEYS[1]) == 0 then return 'empty' end
	if not lease_take(KEYS[3], ARGV[2], ARGV[3]) then return 'leased' end
	return mailbox_take(ARGV[1], ARGV[4], clock_ms())
end

-- Ends a batch for one key: the rider does its part, settled messages leave, and the lease may end. All or nothing of it happens: a
-- node whose lease has passed on changes nothing, and the new owner still finds the messages.
-- ARGV  key, lease's token, the id after the last settled message (empty for none), '1' when the lease ends, the rider's JSON
-- Returns how many messages are left, or -1 when the lease has passed on.
local function finish()
	if not lease_holds(KEYS[3], ARGV[2]) then return -1 end
	local now = clock_ms()
	rider_finish({ unpack(KEYS, 4) }, ARGV[1], ARGV[5], now)
	if ARGV[3] ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3]) end
	local left = redis.call('XLEN', KEYS[1])
	if left == 0 then
		redis.call('ZREM', KEYS[2], ARGV[1])
		-- An unused key's stream expires after a day.
		redis.call('PEXPIRE', KEYS[1], 86400000)
	else
		redis.call('ZADD', KEYS[2], 'XX', string.format('%.0f', now), ARGV[1])
	end
	-- Released in the same script that counts the rest, so that a later message finds the lease free.
	if ARGV[4] == '1' then redis.call('DEL', KEYS[3]) end
	return left
end

-- Finds keys of some shards whose messages have waited since before a moment, each with its start of waiting.
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
