-- What happened to the slot of a doctor that starts at a time: holds, visits that were or are there, time off.
-- $1 doctor, $2 start as ISO 8601 text. A visit's entries count when it was at this time before or after them; entries of versions
-- that did not record places count for the visit that is here.
WITH here AS (
    SELECT id
    FROM appointments
    WHERE doctor_id = $1::bigint AND starts_at > $2::timestamptz - interval '1 day' AND starts_at <= $2::timestamptz AND ends_at > $2::timestamptz
),
left_here AS (
    SELECT entity_id::bigint AS id
    FROM audit_log
    WHERE entity = 'appointment' AND details -> 'from' ->> 'doctorId' = $1::text
      AND details -> 'from' ->> 'startsAt' > to_char(($2::timestamptz - interval '1 day') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
      AND details -> 'from' ->> 'startsAt' <= $2::text AND details -> 'from' ->> 'endsAt' > $2::text
),
entries AS (
    SELECT l.at, l.id AS entry_id, l.action, l.actor_id, v.id AS appointment_id, l.details
    FROM (SELECT id FROM here UNION SELECT id FROM left_here) v
    JOIN audit_log l ON l.entity = 'appointment' AND l.entity_id = v.id::text
    WHERE l.action IN ('booked', 'rescheduled', 'cancelled', 'status_changed', 'undone', 'confirmed')
      AND CASE
          WHEN l.details -> 'to' ->> 'startsAt' IS NULL THEN v.id IN (SELECT id FROM here)
          ELSE (l.details -> 'to' ->> 'doctorId' = $1::text AND l.details -> 'to' ->> 'startsAt' <= $2::text AND l.details -> 'to' ->> 'endsAt' > $2::text)
              OR (l.details -> 'from' ->> 'doctorId' = $1::text AND l.details -> 'from' ->> 'startsAt' <= $2::text AND l.details -> 'from' ->> 'endsAt' > $2::text)
      END
),
off AS (
    SELECT at, id AS entry_id, CASE action WHEN 'added' THEN 'blocked' ELSE 'unblocked' END AS action, actor_id, entity_id
    FROM audit_log
    WHERE entity = 'time_off' AND action IN ('added', 'removed') AND details ->> 'doctorId' = $1::text
      AND details ->> 'startsAt' <= $2::text AND details ->> 'endsAt' > $2::text
),
events AS (
    SELECT at, 0 AS entry_id, what AS action, user_id AS actor_id, NULL::bigint AS appointment_id, '{}'::jsonb AS details
    FROM hold_history
    WHERE doctor_id = $1::bigint AND starts_at = $2::timestamptz AND at > now() - interval '30 days'
    UNION ALL
    SELECT * FROM entries
    UNION ALL
    -- Visits that came without an entry, as those of an import do.
    SELECT a.created_at, 0, 'booked', a.booked_by, a.id, '{}'
    FROM here JOIN appointments a USING (id)
    WHERE NOT EXISTS (SELECT FROM audit_log l WHERE l.entity = 'appointment' AND l.entity_id = a.id::text AND l.action = 'booked')
    UNION ALL
    SELECT at, entry_id, action, actor_id, NULL, '{}' FROM off
    UNION ALL
    SELECT at, id, CASE WHEN action IN ('offered', 'expired') THEN action ELSE 'released' END, actor_id, NULL,
           details - 'startsAt' - 'endsAt'
    FROM audit_log
    WHERE entity = 'offer' AND action <> 'accepted' AND details ->> 'doctorId' = $1::text AND details ->> 'startsAt' <= $2::text AND details ->> 'endsAt' > $2::text
    UNION ALL
    SELECT t.created_at, 0, 'blocked', t.created_by, NULL, '{}'
    FROM time_off t
    WHERE t.doctor_id = $1::bigint AND t.starts_at <= $2::timestamptz AND t.ends_at > $2::timestamptz
      AND t.id::text NOT IN (SELECT entity_id FROM off)
)
SELECT e.at, e.action, u.full_name AS by_name, u.role AS by_role, e.appointment_id::text, p.full_name AS patient_name, e.details,
       CASE WHEN e.action = 'cancelled' THEN a.cancel_reason END AS reason
FROM events e
LEFT JOIN users u ON u.id = e.actor_id
LEFT JOIN appointments a ON a.id = e.appointment_id
LEFT JOIN patients p ON p.id = coalesce(a.patient_id, (e.details ->> 'patientId')::bigint)
ORDER BY e.at, e.entry_id
LIMIT 1000
