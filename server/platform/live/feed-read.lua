-- KEYS  version        Returns the last number given out.
return feed_version(KEYS[1])
