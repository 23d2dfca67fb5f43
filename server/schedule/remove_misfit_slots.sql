-- Removes future free slots that are not on the grid. Returns for each doctor how many slots it removed, and the starts of the first.
--
-- Never waits for a booking and never undoes one: skips a slot that a booking has locked, and reads a slot again after locking it,
-- in case a booking committed since the statement began.
, misfits AS (
	SELECT s.doctor_id, s.starts_at
	FROM appointment_slots s, moment
	WHERE s.doctor_id = ANY (SELECT doctor_id FROM schedules)
		AND s.starts_at > now
		AND s.appointment_id IS NULL
		AND NOT EXISTS (
			SELECT FROM grid WHERE grid.doctor_id = s.doctor_id AND grid.starts_at = s.starts_at AND grid.ends_at = s.ends_at
		)
	FOR UPDATE OF s SKIP LOCKED
),
removed AS (
	DELETE FROM appointment_slots s
	USING misfits
	WHERE s.doctor_id = misfits.doctor_id AND s.starts_at = misfits.starts_at AND s.appointment_id IS NULL
	RETURNING s.doctor_id, s.starts_at
)
SELECT doctor_id AS "doctorId", count(*)::integer AS removed,
	(array_agg(starts_at ORDER BY starts_at) FILTER (WHERE :listed::integer > 0)) [1 : :listed::integer] AS "removedStarts"
FROM removed
GROUP BY doctor_id
