-- A feed is a numbered sequence of changes on one topic. Taking the number and publishing happen in one script, so
-- that every subscriber on every node sees the same changes in the same order, without a gap.

local function clock_ms()
	local time = redis.call('TIME')
	return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The first number of a feed is the clock: whoever remembers numbers from before Redis lost its memory
-- sees a jump ahead, never a number again.
local function feed_start(version_key)
	redis.call('SET', version_key, clock_ms(), 'NX')
end

-- Publishes `count` changes, given as one JSON array, under the next `count` numbers. Returns the last number.
local function feed_append(version_key, channel, count, changes)
	feed_start(version_key)
	local version = redis.call('INCRBY', version_key, count)
	redis.call(publish_command, channel, string.format('%d %d %s', version - count + 1, version, changes))
	return version
end

-- Skips a number: whoever follows the feed sees the gap and starts over from a snapshot.
local function feed_reset(version_key, channel)
	feed_start(version_key)
	local version = redis.call('INCRBY', version_key, 2)
	redis.call(publish_command, channel, string.format('%d %d []', version, version))
	return version
end
