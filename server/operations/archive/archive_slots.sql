-- Moves one batch of slots that ended before a moment. Past slots are not booked any more; a slot that a transaction has locked
-- all the same stays for the next run.
WITH old AS (
	SELECT doctor_id, starts_at
	FROM appointment_slots
	WHERE doctor_id = :doctorId::bigint AND starts_at < :before::timestamptz AND ends_at < :before::timestamptz
	ORDER BY starts_at
	LIMIT :batch::integer
	FOR UPDATE SKIP LOCKED
),
moved AS (
	DELETE FROM appointment_slots s
	USING old
	WHERE s.doctor_id = old.doctor_id AND s.starts_at = old.starts_at
	RETURNING s.doctor_id, s.site_id, s.starts_at, s.ends_at, s.appointment_id, s.is_blocked
),
kept AS (
	INSERT INTO archived_slots (doctor_id, site_id, starts_at, ends_at, appointment_id, is_blocked)
	SELECT doctor_id, site_id, starts_at, ends_at, appointment_id, is_blocked FROM moved
	-- The slot was generated again for a time that is archived already, as after a restore of an older calendar: the archive keeps
	-- the appointment.
	ON CONFLICT (doctor_id, starts_at) DO UPDATE
		SET appointment_id = coalesce(excluded.appointment_id, archived_slots.appointment_id), is_blocked = excluded.is_blocked
)
SELECT count(*)::integer AS moved FROM moved
