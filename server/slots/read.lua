-- Returns a doctor's holds that watchers may see, and the calendar's version that they belong to.
-- KEYS  holds, version
-- Returns {version, {minute, record, minute, record, …}}.
return { feed_version(KEYS[2]), holds_shown(KEYS[1], clock_ms()) }
