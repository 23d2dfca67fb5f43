-- The slots of a doctor who takes appointments, between two dates of the doctor's zone, both inclusive. Joined row by row, as in
-- slots_in_spans.sql. The first row carries the zone, which saves a second statement.
SELECT s.doctor_id::text,
       (extract(epoch FROM s.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
       s.is_blocked,
       s.appointment_id::text,
       visit.status,
       visit.patient_name,
       CASE WHEN row_number() OVER (ORDER BY s.starts_at) = 1 THEN d.time_zone END AS time_zone
FROM doctors d
JOIN users u ON u.id = d.id AND u.status = 'active' AND u.role = 'doctor'
JOIN appointment_slots s
  ON s.doctor_id = d.id
 AND s.starts_at >= ($2::date)::timestamp AT TIME ZONE d.time_zone
 AND s.starts_at < ($3::date + 1)::timestamp AT TIME ZONE d.time_zone
LEFT JOIN LATERAL (
    SELECT a.status, p.full_name AS patient_name
    FROM appointments a
    CROSS JOIN LATERAL (SELECT full_name FROM patients WHERE id = a.patient_id OFFSET 0) p
    WHERE a.id = s.appointment_id
    OFFSET 0
) visit ON true
WHERE d.id = $1
ORDER BY s.starts_at
