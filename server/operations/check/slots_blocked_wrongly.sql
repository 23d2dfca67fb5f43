-- A coming slot is blocked exactly when time off covers it.
SELECT format('slot %s of doctor %s is %s, and time off %s', s.starts_at, s.doctor_id,
	CASE WHEN s.is_blocked THEN 'blocked' ELSE 'open' END,
	CASE WHEN s.is_blocked THEN 'does not cover it' ELSE 'covers it' END) AS finding
FROM appointment_slots s
WHERE s.starts_at > now() AND s.is_blocked <> EXISTS (
	SELECT FROM time_off t WHERE t.doctor_id = s.doctor_id AND t.starts_at < s.ends_at AND t.ends_at > s.starts_at
)
