-- A coming slot is blocked exactly when time off covers it, or when it is left over: booked, and no longer within the hours.
SELECT format('slot %s of doctor %s is %s, and time off or hours %s', s.starts_at, s.doctor_id,
	CASE WHEN s.is_blocked THEN 'blocked' ELSE 'open' END,
	CASE WHEN s.is_blocked THEN 'do not say so' ELSE 'say so' END) AS finding
FROM appointment_slots s
WHERE s.starts_at > now() AND s.is_blocked <> (s.is_leftover OR EXISTS (
	SELECT FROM time_off t WHERE t.doctor_id = s.doctor_id AND t.starts_at < s.ends_at AND t.ends_at > s.starts_at
))
