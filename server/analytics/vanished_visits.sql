-- Visits that were cancelled on a day, or moved away from it and are elsewhere now. $1 date, $2 doctor or null
WITH spans AS (
    SELECT d.id AS doctor_id, $1::date::timestamp AT TIME ZONE d.time_zone AS begins, ($1::date + 1)::timestamp AT TIME ZONE d.time_zone AS ends
    FROM doctors d
    WHERE $2::bigint IS NULL OR d.id = $2::bigint
),
cancelled AS (
    SELECT 'cancelled' AS what, a.id, a.doctor_id, a.starts_at, a.ends_at, coalesce(l.at, a.updated_at) AS at, l.actor_id
    FROM spans s
    JOIN appointments a ON a.doctor_id = s.doctor_id AND a.starts_at >= s.begins AND a.starts_at < s.ends AND a.status = 'cancelled'
    LEFT JOIN LATERAL (
        SELECT at, actor_id FROM audit_log
        WHERE entity = 'appointment' AND entity_id = a.id::text AND (action = 'cancelled' OR details ->> 'undoes' = 'booked')
        ORDER BY at DESC LIMIT 1
    ) l ON true
),
moved AS (
    SELECT DISTINCT ON (l.entity_id, l.details -> 'from' ->> 'startsAt')
           'moved' AS what, l.entity_id::bigint AS id, s.doctor_id, (l.details -> 'from' ->> 'startsAt')::timestamptz AS starts_at,
           (l.details -> 'from' ->> 'endsAt')::timestamptz AS ends_at, l.at, l.actor_id
    FROM spans s
    JOIN audit_log l ON l.details -> 'from' ->> 'doctorId' = s.doctor_id::text
        AND l.details -> 'from' ->> 'startsAt' >= to_char(s.begins AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
        AND l.details -> 'from' ->> 'startsAt' < to_char(s.ends AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    WHERE l.entity = 'appointment' AND l.action = 'rescheduled'
    ORDER BY l.entity_id, l.details -> 'from' ->> 'startsAt', l.at DESC
),
vanished AS (
    SELECT * FROM cancelled
    UNION ALL
    SELECT m.* FROM moved m JOIN appointments a ON a.id = m.id WHERE a.doctor_id <> m.doctor_id OR a.starts_at <> m.starts_at
)
SELECT v.what, v.id::text AS appointment_id, v.doctor_id::text, v.starts_at, v.ends_at, v.at, u.full_name AS by_name, u.role AS by_role,
       p.full_name AS patient_name, CASE WHEN v.what = 'cancelled' THEN a.cancel_reason END AS reason,
       CASE WHEN v.what = 'moved' THEN jsonb_build_object('doctorId', a.doctor_id::text, 'doctorName', d.full_name,
           'startsAt', to_char(a.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'endsAt', to_char(a.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END AS moved_to
FROM vanished v
JOIN appointments a ON a.id = v.id
JOIN patients p ON p.id = a.patient_id
JOIN users d ON d.id = a.doctor_id
LEFT JOIN users u ON u.id = v.actor_id
ORDER BY v.starts_at, v.at
LIMIT 2000
