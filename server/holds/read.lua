-- The holds of one doctor that watchers may know of, as {minute, record, minute, record, …}.
-- KEYS  holds
return holds_shown(KEYS[1], clock_ms())
