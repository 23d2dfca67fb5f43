-- A feed is a numbered sequence of changes on one topic. Taking the number and publishing happen in one script, so
-- that every subscriber on every node sees the same changes in the same order, without a gap.

-- The number of a topic that nobody uses is forgotten after a day. No topic has so many changes that its numbers could
-- overtake the clock, so the number that it starts with next is above all that it gave out before.
local feed_ttl_ms = 86400000

local function clock_ms()
	local time = redis.call('TIME')
	return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The last number given out. The first number of a feed is the clock: a reader who remembers numbers from before Redis
-- lost its memory sees a jump ahead, never the same number twice.
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
	redis.call(publish_command, channel, string.format('%d %d %s', version - count + 1, version, changes))
	return version
end

-- Skips a number: every follower of the feed sees the gap and starts over from a snapshot. With `seen`, a number that
-- was given out by a Redis whose successor does not know of it, the counter is lifted above that first.
local function feed_reset(version_key, channel, seen)
	local version = tonumber(feed_version(version_key))
	if seen and seen > version then redis.call('SET', version_key, string.format('%.0f', seen), 'PX', feed_ttl_ms) end
	version = redis.call('INCRBY', version_key, 2)
	redis.call(publish_command, channel, string.format('%d %d []', version, version))
	return version
end
