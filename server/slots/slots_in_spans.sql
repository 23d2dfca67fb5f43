-- The slots of any number of doctors. Each span is an index range of the primary key.
-- The slots of a doctor who left, awaits approval or changed role count as blocked.
-- OFFSET makes PostgreSQL join row by row: it cannot know how few slots a span has, and would otherwise read all appointments, or all
-- of a doctor's slots.
SELECT s.doctor_id::text,
       (extract(epoch FROM s.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
       s.is_blocked OR doctor.status <> 'active' OR doctor.role <> 'doctor' AS is_blocked,
       s.appointment_id::text,
       visit.status,
       visit.patient_name,
       visit.is_buffer,
       beside.visits AS also_booked,
       offered.offer
FROM unnest($1::bigint[], $2::int[], $3::int[]) AS span (doctor_id, from_minute, until_minute)
CROSS JOIN LATERAL (SELECT u.status, u.role FROM users u WHERE u.id = span.doctor_id OFFSET 0) doctor
CROSS JOIN LATERAL (
    SELECT *
    FROM appointment_slots
    WHERE doctor_id = span.doctor_id
      AND starts_at >= to_timestamp(span.from_minute * 60.0)
      AND starts_at < to_timestamp(span.until_minute * 60.0)
    OFFSET 0
) s
LEFT JOIN LATERAL (
    SELECT a.status, p.full_name AS patient_name, a.ends_at <= s.starts_at AS is_buffer
    FROM appointments a
    CROSS JOIN LATERAL (SELECT full_name FROM patients WHERE id = a.patient_id OFFSET 0) p
    WHERE a.id = s.appointment_id
    OFFSET 0
) visit ON true
LEFT JOIN LATERAL (
    SELECT jsonb_build_object('id', o.id::text, 'patientName', p.full_name, 'patientUserId', p.user_id::text, 'untilMs',
               floor(extract(epoch FROM coalesce(o.expires_at, o.created_at + make_interval(secs => o.open_seconds))) * 1000)) AS offer
    FROM slot_offers o
    CROSS JOIN LATERAL (SELECT full_name, user_id FROM patients WHERE id = o.patient_id OFFSET 0) p
    WHERE o.id = s.offer_id
    OFFSET 0
) offered ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', a.id::text, 'status', a.status, 'patientName', p.full_name) ORDER BY a.id) AS visits
    FROM appointments a
    JOIN patients p ON p.id = a.patient_id
    WHERE a.doctor_id = s.doctor_id AND a.kind <> 'slot' AND a.status NOT IN ('cancelled', 'no_show')
      AND a.starts_at > s.starts_at - interval '8 hours' AND a.starts_at < s.ends_at AND a.ends_at > s.starts_at
    OFFSET 0
) beside ON true
