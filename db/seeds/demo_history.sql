-- Books appointments of the past months and the coming two weeks, in existing slots.
--
-- Patients take turns in the order of starts: when a patient's turn comes again, the patient's last visit is long over.
WITH turns AS (
	SELECT id, user_id IS NOT NULL AS has_account, row_number() OVER (PARTITION BY user_id IS NULL ORDER BY id) - 1 AS turn
	FROM patients
	WHERE email IS DISTINCT FROM 'patient@clinic.example'
),
anyone AS (
	SELECT id, row_number() OVER (ORDER BY turn, id) - 1 AS turn FROM turns
),
callers AS (
	SELECT id, turn FROM turns WHERE NOT has_account
),
slots AS (
	SELECT s.doctor_id, s.starts_at, s.ends_at, u.email = 'doctor@clinic.example' AS is_demo_doctor,
		s.ends_at - s.starts_at >= interval '30 minutes' AS is_long
	FROM appointment_slots s
	JOIN users u ON u.id = s.doctor_id
	WHERE s.starts_at < now() + interval '14 days' AND NOT s.is_blocked
),
-- Doctors are unequally busy: 66 to 78 percent of their slots are booked.
visits AS (
	SELECT *, CASE WHEN random() < 0.92 THEN 'completed' ELSE 'no_show' END AS status
	FROM slots
	WHERE ends_at < now() AND random() < 0.66 + 0.03 * (doctor_id % 5)
),
-- A cancelled appointment leaves its slot free, so another visit may have taken the slot.
cancellations AS (
	SELECT *, 'cancelled' AS status
	FROM slots
	WHERE ends_at < now() AND random() < 0.11
),
coming AS (
	SELECT *, 'booked' AS status
	FROM slots
	WHERE starts_at > now() + interval '30 minutes' AND random() < CASE WHEN is_demo_doctor THEN 0.05 ELSE 0.25 END
),
chosen AS (
	SELECT *, row_number() OVER (PARTITION BY status = 'booked' ORDER BY starts_at, doctor_id) AS turn,
		random() AS kind, random() AS lead, random() AS remark
	FROM (TABLE visits UNION ALL TABLE cancellations UNION ALL TABLE coming) appointments
),
booked AS (
	INSERT INTO appointments (doctor_id, patient_id, type_id, starts_at, ends_at, slot_starts, status, reason, cancel_reason,
		booked_by, idempotency_key, sequence, created_at, updated_at)
	SELECT c.doctor_id, coalesce(past.id, future.id), t.id, c.starts_at, c.ends_at, ARRAY[c.starts_at], c.status,
		CASE WHEN c.remark < 0.3 THEN (ARRAY['Follow-up', 'First visit', 'Test results', 'Referral', 'Prescription', 'Annual check'])[1 + floor(c.remark * 20)] END,
		CASE WHEN c.status = 'cancelled' AND c.remark > 0.5 THEN 'Cannot make it' END,
		desk.id, 'seed-' || row_number() OVER (ORDER BY c.starts_at, c.doctor_id), (c.status <> 'booked')::integer,
		booking.at, CASE c.status WHEN 'booked' THEN booking.at WHEN 'cancelled' THEN booking.at + (c.starts_at - booking.at) * c.kind ELSE c.ends_at END
	FROM chosen c
	LEFT JOIN anyone past ON c.status <> 'booked' AND past.turn = c.turn * 77 % (SELECT count(*) FROM anyone)
	LEFT JOIN callers future ON c.status = 'booked' AND future.turn = c.turn * 77 % (SELECT count(*) FROM callers)
	JOIN appointment_types t ON t.name = CASE
		WHEN c.is_long AND c.kind < 0.5 THEN 'Check-up'
		WHEN c.kind < 0.85 THEN 'Consultation'
		ELSE 'Vaccination'
	END
	JOIN users desk ON desk.email = 'reception@clinic.example'
	-- Most people book for the same week, some three weeks ahead.
	CROSS JOIN LATERAL (
		SELECT least(c.starts_at - interval '2 hours' - interval '21 days' * c.lead * c.lead, now() - interval '1 day' * c.kind) AS at
	) booking
	ORDER BY booking.at
	ON CONFLICT DO NOTHING
	RETURNING id, doctor_id, starts_at, status
)
UPDATE appointment_slots s
SET appointment_id = booked.id
FROM booked
WHERE s.doctor_id = booked.doctor_id AND s.starts_at = booked.starts_at AND booked.status <> 'cancelled'
