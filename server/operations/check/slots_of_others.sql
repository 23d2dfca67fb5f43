-- A slot that names an appointment is one of the slots that the appointment names. Archived slots may differ: they are history.
SELECT format('slot %s of doctor %s names appointment %s, which %s', s.starts_at, s.doctor_id, s.appointment_id, CASE
	WHEN a.id IS NULL THEN 'is not there'
	WHEN a.status = 'cancelled' THEN 'is cancelled'
	WHEN a.doctor_id <> s.doctor_id THEN 'is another doctor''s'
	ELSE 'is at another time'
END) AS finding
FROM appointment_slots s
LEFT JOIN appointments a ON a.id = s.appointment_id
WHERE s.appointment_id IS NOT NULL
	AND (a.id IS NULL OR a.status = 'cancelled' OR a.doctor_id <> s.doctor_id OR NOT s.starts_at = ANY (a.slot_starts))
