-- Reminders of a patient's coming visits over channels that are new to them: a device that was just subscribed, a choice
-- that was changed. Visits are never told about twice over one channel. See server/booking/settle.sql.
INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, kind, lead_minutes, due_at, is_planned)
SELECT a.id, a.sequence, channel, 'reminder', lead, a.starts_at - make_interval(mins => lead), channel = 'email'
FROM appointments a
JOIN patients p ON p.id = a.patient_id
CROSS JOIN unnest(CAST(? AS text[])) AS channel
CROSS JOIN unnest(CAST(? AS int[])) AS lead
WHERE a.patient_id = ? AND a.status = 'booked' AND a.starts_at - make_interval(mins => lead) > now()
  AND CASE channel
      WHEN 'email' THEN p.notify_email AND p.email IS NOT NULL
      WHEN 'sms' THEN p.notify_sms AND p.phone IS NOT NULL
      WHEN 'push' THEN p.notify_push AND EXISTS (SELECT FROM push_subscriptions s WHERE s.user_id = p.user_id)
  END
ON CONFLICT ON CONSTRAINT notification_queue_once DO UPDATE
SET status = 'due', settled_at = NULL, last_error = NULL
WHERE notification_queue.status = 'void' AND notification_queue.attempts = 0
