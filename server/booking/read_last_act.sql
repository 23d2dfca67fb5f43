-- Reads the last change of an appointment, and whether its patient has heard of it: a message that is leased may be on its way.
-- `is_first_word` is true when the patient has not even heard of the booking, as nothing about the visit was sent.
SELECT l.action, l.actor_id::text, l.details, extract(epoch FROM now() - l.at)::float8 AS seconds_ago, a.sequence,
       EXISTS (
           SELECT FROM notification_queue n
           WHERE n.appointment_id = a.id AND n.appointment_sequence = a.sequence AND n.lead_minutes = -1
             AND (n.status = 'sent' OR n.leased_until > now())
       ) AS is_told,
       EXISTS (
           SELECT FROM booking_requests r
           WHERE r.requested_by = $2::bigint AND r.idempotency_key = $3 AND r.appointment_id = a.id AND r.refusal IS NULL
       ) AS is_repeated,
       EXISTS (SELECT FROM notification_queue n WHERE n.appointment_id = a.id AND n.kind = 'booked' AND n.status = 'void')
           AND NOT EXISTS (SELECT FROM notification_queue n WHERE n.appointment_id = a.id AND n.status IN ('sent', 'failed')) AS is_first_word
FROM appointments a
JOIN LATERAL (
    SELECT action, actor_id, details, at
    FROM audit_log
    WHERE entity = 'appointment' AND entity_id = a.id::text
      AND action IN ('booked', 'rescheduled', 'cancelled', 'status_changed', 'undone')
    ORDER BY at DESC, id DESC
    LIMIT 1
) l ON true
WHERE a.id = $1::bigint
