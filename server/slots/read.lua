-- The holds of one doctor that watchers may know of, and the calendar's version that they are part of.
-- KEYS  holds, version
-- Returns {version, {minute, record, minute, record, …}}.
return { feed_version(KEYS[2]), holds_shown(KEYS[1], clock_ms()) }
