-- The free slots nearest to a minute, before and after it, for each of several doctors.
SELECT near.doctor_id::text,
       (extract(epoch FROM near.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM near.ends_at) / 60)::int AS end_minute
FROM unnest($1::bigint[], $2::int[]) AS wanted (doctor_id, minute)
JOIN users doctor ON doctor.id = wanted.doctor_id AND doctor.status = 'active' AND doctor.role = 'doctor'
CROSS JOIN LATERAL (
    (SELECT s.doctor_id, s.starts_at, s.ends_at
       FROM appointment_slots s
      WHERE s.doctor_id = wanted.doctor_id
        AND s.starts_at >= greatest(to_timestamp(wanted.minute * 60.0), now())
        AND s.appointment_id IS NULL AND s.offer_id IS NULL AND NOT s.is_blocked
      ORDER BY s.starts_at LIMIT $4)
    UNION ALL
    (SELECT s.doctor_id, s.starts_at, s.ends_at
       FROM appointment_slots s
      WHERE s.doctor_id = wanted.doctor_id
        AND s.starts_at < to_timestamp(wanted.minute * 60.0) AND s.starts_at > now()
        AND s.appointment_id IS NULL AND s.offer_id IS NULL AND NOT s.is_blocked
      ORDER BY s.starts_at DESC LIMIT $3)
) near
