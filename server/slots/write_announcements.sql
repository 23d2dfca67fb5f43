-- Records changed slots, or whole calendars where no starts are given. With more slots than the limit, a fresh snapshot is less
-- traffic.
INSERT INTO calendar_announcements (doctor_id, slot_starts)
SELECT change."doctorId", CASE WHEN cardinality(change."startsAt") <= :maxSlots THEN change."startsAt" END
FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS change ("doctorId" bigint, "startsAt" timestamptz[])
WHERE cardinality(change."startsAt") > 0 OR change."startsAt" IS NULL
