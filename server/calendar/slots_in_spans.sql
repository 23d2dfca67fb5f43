-- Slots of any number of doctors, each span an index range of the primary key.
-- The slots of a doctor who left, or waits for approval, are not to be had.
SELECT s.doctor_id::text,
       (extract(epoch FROM s.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
       s.is_blocked OR u.status <> 'active' AS is_blocked,
       s.appointment_id::text,
       a.status,
       p.full_name AS patient_name
FROM unnest($1::bigint[], $2::int[], $3::int[]) AS span (doctor_id, from_minute, until_minute)
JOIN appointment_slots s
  ON s.doctor_id = span.doctor_id
 AND s.starts_at >= to_timestamp(span.from_minute * 60.0)
 AND s.starts_at < to_timestamp(span.until_minute * 60.0)
JOIN users u ON u.id = s.doctor_id
LEFT JOIN appointments a ON a.id = s.appointment_id
LEFT JOIN patients p ON p.id = a.patient_id
