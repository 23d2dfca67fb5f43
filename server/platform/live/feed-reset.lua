-- KEYS  version        ARGV  channel, the highest number that the caller has seen
return feed_reset(KEYS[1], ARGV[1], tonumber(ARGV[2]))
