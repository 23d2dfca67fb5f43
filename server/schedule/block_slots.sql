-- Sets is_blocked of the doctor's slots in a span to whether time off covers them, and returns the slots that changed.
-- Leftover slots stay blocked in any case. Includes booked slots, which keep their appointment, and stay blocked when the appointment
-- is cancelled.
WITH covered AS (
	SELECT s.doctor_id, s.starts_at,
		s.is_leftover OR EXISTS (SELECT FROM time_off t WHERE t.doctor_id = s.doctor_id AND t.starts_at < s.ends_at AND t.ends_at > s.starts_at) AS is_closed
	FROM appointment_slots s
	WHERE s.doctor_id = :doctorId::bigint
		-- No slot lasts longer than 8 hours.
		AND s.starts_at > :startsAt::timestamptz - interval '8 hours'
		AND s.starts_at < :endsAt::timestamptz
		AND s.ends_at > :startsAt::timestamptz
	-- In one order, so that two transactions never wait for each other.
	ORDER BY s.starts_at
	FOR NO KEY UPDATE
)
UPDATE appointment_slots s
SET is_blocked = covered.is_closed
FROM covered
WHERE s.doctor_id = covered.doctor_id AND s.starts_at = covered.starts_at AND s.is_blocked <> covered.is_closed
RETURNING s.starts_at AS "startsAt"
