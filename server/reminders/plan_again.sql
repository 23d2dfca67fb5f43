-- Brings the reminders of all visits to come in line with the clinic's leads: voids those that wait for a lead which the clinic no
-- longer has, and writes the missing ones, or makes them due again. What was sent stays.
WITH upcoming AS MATERIALIZED (
    SELECT id, sequence, patient_id, starts_at, 'reminders' AS kind
    FROM appointments
    WHERE status = 'booked' AND starts_at > now()
),
voided AS (
    UPDATE notification_queue n
    SET status = 'void', settled_at = now(), last_error = 'the clinic changed when it reminds'
    FROM upcoming
    WHERE n.appointment_id = upcoming.id AND n.appointment_sequence = upcoming.sequence
      AND n.kind = 'reminder' AND n.status = 'due' AND n.attempts = 0
      AND n.lead_minutes <> ALL (coalesce((SELECT reminder_minutes FROM clinic), CAST(:leads AS integer[])))
)
INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, kind, lead_minutes, due_at, is_planned)
SELECT appointment_id, appointment_sequence, channel, kind, lead, due_at, channel = 'email'
FROM messages_to_patients((SELECT jsonb_agg(to_jsonb(upcoming)) FROM upcoming), CAST(:channels AS text[]), CAST(:leads AS integer[]))
ON CONFLICT ON CONSTRAINT notification_queue_once DO UPDATE
SET status = 'due', settled_at = NULL, last_error = NULL
WHERE notification_queue.status = 'void' AND notification_queue.attempts = 0
