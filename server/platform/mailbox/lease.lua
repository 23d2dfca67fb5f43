-- A lease in Redlock's own form: the key's value is the token, and the key expires by itself. Scripts take and release it together
-- with other work, and Redlock extends and releases it like its own.

local function lease_take(key, token, lease_ms)
	return redis.call('SET', key, token, 'PX', lease_ms, 'NX') ~= false
end

-- False for a node whose lease has expired and may belong to another node by now.
local function lease_holds(key, token)
	return redis.call('GET', key) == token
end
