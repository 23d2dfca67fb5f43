-- A lease in Redlock's own form, taken and let go of by scripts that do something else along with it: the key's value is
-- the token, and it lapses by itself. Redlock extends and releases it like one of its own.

local function lease_take(key, token, lease_ms)
	return redis.call('SET', key, token, 'PX', lease_ms, 'NX') ~= false
end

-- False for a node whose lease has lapsed, and may be another's by now.
local function lease_holds(key, token)
	return redis.call('GET', key) == token
end
