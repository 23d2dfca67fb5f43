-- What happened to a visit: its entries in the audit log, the holds that led to its times, and its messages.
-- $1 appointment
WITH visit AS (
    SELECT a.*, p.user_id AS patient_user_id, p.full_name AS patient_name
    FROM appointments a JOIN patients p ON p.id = a.patient_id
    WHERE a.id = $1::bigint
),
entries AS (
    SELECT l.at, l.id AS entry_id, l.action, l.actor_id, l.details
    FROM audit_log l
    WHERE l.entity = 'appointment' AND l.entity_id = $1::text
      AND l.action IN ('booked', 'rescheduled', 'cancelled', 'status_changed', 'undone', 'confirmed')
),
holds AS (
    SELECT DISTINCT h.at, h.id, h.what, h.user_id
    FROM entries e
    CROSS JOIN visit v
    JOIN hold_history h ON h.doctor_id = (e.details -> 'to' ->> 'doctorId')::bigint
        AND h.starts_at = (e.details -> 'to' ->> 'startsAt')::timestamptz
        AND h.at BETWEEN e.at - interval '30 minutes' AND e.at
        AND h.user_id IN (e.actor_id, v.patient_user_id)
    WHERE e.action IN ('booked', 'rescheduled')
),
events AS (
    SELECT at, 0 AS entry_id, what AS action, user_id AS actor_id, '{}'::jsonb AS details, NULL::jsonb AS message FROM holds
    UNION ALL
    SELECT at, entry_id, action, actor_id, details, NULL FROM entries
    UNION ALL
    SELECT created_at, 0, 'booked', booked_by, '{}', NULL FROM visit
    WHERE NOT EXISTS (SELECT FROM entries WHERE action = 'booked')
    UNION ALL
    SELECT coalesce(n.sent_at, n.settled_at, n.due_at), n.id, 'message', l.written_by, '{}',
           jsonb_build_object('kind', n.kind, 'channel', n.channel, 'status', n.status)
    FROM notification_queue n LEFT JOIN list_messages l ON l.id = n.list_message_id
    WHERE n.appointment_id = $1::bigint
)
SELECT e.at, e.action, u.full_name AS by_name, u.role AS by_role, v.id::text AS appointment_id, v.patient_name, e.details, e.message,
       CASE WHEN e.action = 'cancelled' THEN v.cancel_reason END AS reason
FROM visit v
CROSS JOIN events e
LEFT JOIN users u ON u.id = e.actor_id
ORDER BY e.at, e.entry_id
LIMIT 1000
