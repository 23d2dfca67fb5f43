-- Entries in their order. The position counts the entries that are asked first and could take the same slot: entries ahead that name the same
-- doctors, specialty, sites and days, or leave them open.
SELECT e.id::text, e.patient_id::text, e.type_id::text, e.doctor_ids::text[], e.specialty, e.site_ids::text[], e.wanted_from, e.wanted_until,
	e.weekdays, to_char(e.between_start, 'HH24:MI') AS between_start, to_char(e.between_end, 'HH24:MI') AS between_end,
	e.notice_minutes, e.replaces::text, e.priority, e.status, e.created_at, p.full_name AS patient_name,
	CASE WHEN e.status IN ('waiting', 'offered') THEN 1 + (
		SELECT count(*)
		FROM waitlist_entries ahead
		WHERE ahead.status = 'waiting' AND ahead.id <> e.id
			AND ((ahead.priority = 'urgent') AND NOT (e.priority = 'urgent')
				OR (ahead.priority = e.priority AND (ahead.created_at, ahead.id) < (e.created_at, e.id)))
			AND (ahead.doctor_ids IS NULL OR e.doctor_ids IS NULL OR ahead.doctor_ids && e.doctor_ids)
			AND (ahead.specialties IS NULL OR e.specialties IS NULL OR ahead.specialties && e.specialties)
			AND (ahead.site_ids IS NULL OR e.site_ids IS NULL OR ahead.site_ids && e.site_ids)
			AND left(ahead.wanted_from, 10) <= left(e.wanted_until, 10) AND left(e.wanted_from, 10) <= left(ahead.wanted_until, 10)
	) ELSE 0 END::integer AS position
FROM waitlist_entries e
JOIN patients p ON p.id = e.patient_id
WHERE (:id::bigint IS NULL OR e.id = :id::bigint)
	AND (:patientId::bigint IS NULL OR e.patient_id = :patientId::bigint)
	AND (:doctorId::bigint IS NULL OR e.doctor_ids IS NULL OR :doctorId::bigint = ANY (e.doctor_ids))
	AND (:status::text IS NULL OR e.status = :status::text)
ORDER BY (e.status IN ('waiting', 'offered')) DESC, (e.priority = 'urgent') DESC, e.created_at, e.id
OFFSET :offset::integer LIMIT :limit::integer
