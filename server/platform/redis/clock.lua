-- Returns Redis's own time in milliseconds, so that what nodes must agree on does not depend on their clocks.
local function clock_ms()
	local time = redis.call('TIME')
	return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
