-- Writes reminders of a patient's upcoming visits over channels that are new to the patient: a device that was just subscribed, a
-- changed preference. No channel gets a second reminder of a visit: one that became void before it was tried is due again.
INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, kind, lead_minutes, due_at, is_planned)
SELECT appointment_id, appointment_sequence, channel, kind, lead, due_at, channel = 'email'
FROM messages_to_patients(
    (
        SELECT jsonb_agg(to_jsonb(visit))
        FROM (
            SELECT id, sequence, patient_id, starts_at, 'reminders' AS kind
            FROM appointments
            WHERE patient_id = ? AND status = 'booked' AND starts_at > now()
        ) visit
    ),
    CAST(? AS text[]), CAST(? AS integer[])
)
ON CONFLICT ON CONSTRAINT notification_queue_once DO UPDATE
SET status = 'due', settled_at = NULL, last_error = NULL
WHERE notification_queue.status = 'void' AND notification_queue.attempts = 0
