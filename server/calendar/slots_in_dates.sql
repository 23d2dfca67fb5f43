-- A doctor's slots between two dates of the doctor's zone, both inclusive.
SELECT s.doctor_id::text,
       (extract(epoch FROM s.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
       s.is_blocked,
       s.appointment_id::text,
       a.status,
       p.full_name AS patient_name
FROM doctors d
JOIN appointment_slots s
  ON s.doctor_id = d.id
 AND s.starts_at >= ($2::date)::timestamp AT TIME ZONE d.time_zone
 AND s.starts_at < ($3::date + 1)::timestamp AT TIME ZONE d.time_zone
LEFT JOIN appointments a ON a.id = s.appointment_id
LEFT JOIN patients p ON p.id = a.patient_id
WHERE d.id = $1
ORDER BY s.starts_at
