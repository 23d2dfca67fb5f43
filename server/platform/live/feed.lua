-- A feed is a numbered sequence of changes on one topic. One script takes the number and publishes, so that every subscriber on every
-- node gets the same changes in the same order, without a gap.

-- An unused topic's number expires after a day. No topic has enough changes for its numbers to overtake the clock, so its next
-- number, which is the clock, is above all numbers that it gave out before.
local feed_ttl_ms = 86400000

local function clock_ms()
	local time = redis.call('TIME')
	return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Returns the last number given out. A feed's first number is the clock: when Redis has lost its memory, a reader with numbers from
-- before sees a jump ahead, never the same number twice.
local function feed_version(version_key)
	local version = redis.call('GETEX', version_key, 'PX', feed_ttl_ms)
	if version then return version end
	version = string.format('%.0f', clock_ms())
	redis.call('SET', version_key, version, 'PX', feed_ttl_ms)
	return version
end

-- Publishes `count` changes, given as one JSON array, under the next `count` numbers. Returns the last number.
local function feed_append(version_key, channel, count, changes)
	feed_version(version_key)
	local version = redis.call('INCRBY', version_key, count)
	redis.call(publish_command, key_prefix .. channel, string.format('%d %d %s', version - count + 1, version, changes))
	return version
end

-- Skips a number, so that every follower of the feed sees a gap and starts over from a snapshot. A replica that became the master may
-- not know the highest number that its predecessor gave out. `seen` is such a number; the counter is first raised to it.
local function feed_reset(version_key, channel, seen)
	local version = tonumber(feed_version(version_key))
	if seen and seen > version then redis.call('SET', version_key, string.format('%.0f', seen), 'PX', feed_ttl_ms) end
	version = redis.call('INCRBY', version_key, 2)
	redis.call(publish_command, key_prefix .. channel, string.format('%d %d []', version, version))
	return version
end
