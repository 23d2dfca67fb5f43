-- A coming slot is blocked exactly when time off covers it, or when it is left over: booked, and no longer within the hours.
SELECT format('slot %s of doctor %s is %s', starts_at, doctor_id, CASE
	WHEN is_blocked THEN 'blocked, and time off does not cover it'
	WHEN is_leftover THEN 'open, and left over'
	ELSE 'open, and time off covers it'
END) AS finding
FROM (
	SELECT *, EXISTS (
		SELECT FROM time_off t WHERE t.doctor_id = s.doctor_id AND t.starts_at < s.ends_at AND t.ends_at > s.starts_at
	) AS is_off
	FROM appointment_slots s
	WHERE s.starts_at > now()
) coming
WHERE is_blocked <> (is_off OR is_leftover)
