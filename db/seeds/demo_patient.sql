-- patient@clinic.example has been here before, and has two appointments to come.
WITH wanted (number, email, after, status) AS (
	VALUES
		(1, 'doctor@clinic.example', now() - interval '88 days', 'completed'),
		(2, 'marcus.okafor@clinic.example', now() - interval '43 days', 'completed'),
		(3, 'doctor@clinic.example', now() - interval '12 days', 'completed'),
		(4, 'doctor@clinic.example', now() + interval '3 days', 'booked'),
		(5, 'marcus.okafor@clinic.example', now() + interval '10 days', 'booked')
),
booked AS (
	INSERT INTO appointments (doctor_id, patient_id, type_id, starts_at, ends_at, slot_starts, status, reason,
		booked_by, idempotency_key, sequence, created_at, updated_at)
	SELECT slot.doctor_id, p.id, t.id, slot.starts_at, slot.ends_at, ARRAY[slot.starts_at], w.status, 'Blood pressure',
		desk.id, 'seed-patient-' || w.number, (w.status <> 'booked')::integer,
		least(slot.starts_at - interval '6 days', now() - interval '1 hour'),
		least(slot.ends_at, now() - interval '1 hour')
	FROM wanted w
	JOIN users d ON d.email = w.email
	JOIN patients p ON p.email = 'patient@clinic.example'
	JOIN users desk ON desk.email = 'reception@clinic.example'
	JOIN appointment_types t ON t.name = 'Consultation'
	CROSS JOIN LATERAL (
		SELECT s.doctor_id, s.starts_at, s.ends_at
		FROM appointment_slots s
		WHERE s.doctor_id = d.id AND s.starts_at > w.after AND s.appointment_id IS NULL AND NOT s.is_blocked
		ORDER BY s.starts_at
		LIMIT 1
	) slot
	ON CONFLICT DO NOTHING
	RETURNING id, doctor_id, starts_at
)
UPDATE appointment_slots s
SET appointment_id = booked.id
FROM booked
WHERE s.doctor_id = booked.doctor_id AND s.starts_at = booked.starts_at
