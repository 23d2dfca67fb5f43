-- The visits of a day in each doctor's zone, by doctor and time. A visit's site is that of its slot.
SELECT a.id::text AS appointment_id, a.doctor_id::text, u.full_name AS doctor_name, d.time_zone, site.name AS site_name,
	a.starts_at, a.ends_at, t.name AS type_name, a.status, a.reason, p.id::text AS patient_id, p.full_name AS patient_name,
	p.birth_date::text AS birth_date, p.phone
FROM doctors d
JOIN users u ON u.id = d.id
JOIN appointments a ON a.doctor_id = d.id
	AND a.starts_at >= CAST(:date AS date)::timestamp AT TIME ZONE d.time_zone
	AND a.starts_at < (CAST(:date AS date) + 1)::timestamp AT TIME ZONE d.time_zone
JOIN patients p ON p.id = a.patient_id
JOIN appointment_types t ON t.id = a.type_id
LEFT JOIN appointment_slots s ON s.doctor_id = a.doctor_id AND s.starts_at = a.starts_at
LEFT JOIN sites site ON site.id = s.site_id
WHERE a.status <> 'cancelled'
	AND (CAST(:doctorId AS bigint) IS NULL OR d.id = CAST(:doctorId AS bigint))
	AND (CAST(:siteId AS bigint) IS NULL OR s.site_id = CAST(:siteId AS bigint))
ORDER BY lower(u.full_name), a.doctor_id, a.starts_at, a.id
LIMIT 5000
