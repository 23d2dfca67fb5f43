-- The slots of a doctor who takes appointments, between two dates of the doctor's zone, both inclusive. Joined row by row, as in
-- slots_in_spans.sql. The first row carries the zone, which saves a second statement.
-- Extra visits and walk-ins are few, so each slot looks through all of the range.
WITH beside_slots AS MATERIALIZED (
    SELECT a.id, a.status, a.during, p.full_name
    FROM appointments a
    JOIN patients p ON p.id = a.patient_id
    JOIN doctors d ON d.id = a.doctor_id
    WHERE a.doctor_id = $1 AND a.kind <> 'slot' AND a.status NOT IN ('cancelled', 'no_show')
      AND a.starts_at >= (($2::date)::timestamp AT TIME ZONE d.time_zone) - interval '8 hours'
      AND a.starts_at < ($3::date + 1)::timestamp AT TIME ZONE d.time_zone
)
SELECT s.doctor_id::text,
       (extract(epoch FROM s.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
       s.is_blocked,
       s.appointment_id::text,
       visit.status,
       visit.patient_name,
       visit.is_buffer,
       beside.visits AS also_booked,
       offered.offer,
       CASE WHEN row_number() OVER (ORDER BY s.starts_at) = 1 THEN d.time_zone END AS time_zone
FROM doctors d
JOIN users u ON u.id = d.id AND u.status = 'active' AND u.role = 'doctor'
JOIN appointment_slots s
  ON s.doctor_id = d.id
 AND s.starts_at >= ($2::date)::timestamp AT TIME ZONE d.time_zone
 AND s.starts_at < ($3::date + 1)::timestamp AT TIME ZONE d.time_zone
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
    SELECT jsonb_agg(jsonb_build_object('id', b.id::text, 'status', b.status, 'patientName', b.full_name) ORDER BY b.id) AS visits
    FROM beside_slots b
    WHERE b.during && tstzrange(s.starts_at, s.ends_at)
) beside ON true
WHERE d.id = $1
ORDER BY s.starts_at
