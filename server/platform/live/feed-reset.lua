return feed_reset(KEYS[1], ARGV[1])
