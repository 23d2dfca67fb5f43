-- Free slots to which visits of an absent doctor could move: the doctor's own outside the span, and those of doctors of the same specialty.
SELECT s.doctor_id::text, u.full_name AS doctor_name, s.site_id::text,
	(extract(epoch FROM s.starts_at) / 60)::int AS start_minute, (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
	s.site_id IN (
		SELECT site_id FROM appointment_slots
		WHERE doctor_id = :doctorId::bigint AND starts_at >= :startsAt::timestamptz AND starts_at < :endsAt::timestamptz
	) AS is_home
FROM doctors away
JOIN doctors d ON d.id = away.id OR lower(d.specialty) = lower(away.specialty)
JOIN users u ON u.id = d.id AND u.status = 'active' AND u.role = 'doctor'
JOIN appointment_slots s ON s.doctor_id = d.id
	AND s.starts_at >= :from::timestamptz AND s.starts_at < :endsAt::timestamptz + make_interval(days => :daysAhead::integer)
	AND s.appointment_id IS NULL AND s.offer_id IS NULL AND NOT s.is_blocked
WHERE away.id = :doctorId::bigint
	AND NOT (d.id = away.id AND s.starts_at < :endsAt::timestamptz AND s.ends_at > :startsAt::timestamptz)
ORDER BY (d.id = away.id) DESC, s.starts_at, s.doctor_id
LIMIT 20000
