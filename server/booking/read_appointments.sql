SELECT a.id::text, a.doctor_id::text, a.patient_id::text, a.type_id::text,
       (extract(epoch FROM a.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM a.ends_at) / 60)::int AS end_minute,
       ARRAY(SELECT (extract(epoch FROM starts_at) / 60)::int FROM unnest(a.slot_starts) AS starts_at) AS slot_minutes,
       coalesce(own.minutes, t.minutes) AS type_minutes, t.buffer_minutes,
       a.status, a.sequence, a.reason, a.kind, a.extra_reason, a.allowed_by::text, a.booked_by::text,
       floor(extract(epoch FROM a.created_at) * 1000)::bigint AS created_ms,
       floor(extract(epoch FROM a.updated_at) * 1000)::bigint AS updated_ms,
       p.full_name AS patient_name, p.user_id::text AS patient_user_id
FROM appointments a
JOIN patients p ON p.id = a.patient_id
JOIN appointment_types t ON t.id = a.type_id
LEFT JOIN doctor_types own ON own.type_id = a.type_id AND own.doctor_id = a.doctor_id
WHERE a.id = ANY ($1::bigint[])
