-- Reads what a message says, and what may forbid sending it, as of now.
SELECT n.id::text, n.kind, n.lead_minutes, n.attempts,
       n.status = 'due' AND n.leased_until = $2::timestamptz AND n.leased_until > now() + make_interval(secs => $3) AS is_ours,
       n.appointment_sequence = a.sequence AS is_current, l.text,
       extract(epoch FROM n.due_at) * 1000 AS due_ms,
       extract(epoch FROM n.created_at) * 1000 AS created_ms,
       a.id::text AS appointment_id, a.sequence, a.status AS visit_status,
       extract(epoch FROM a.starts_at) * 1000 AS starts_ms,
       extract(epoch FROM a.ends_at) * 1000 AS ends_ms,
       extract(epoch FROM a.updated_at) * 1000 AS updated_ms,
       p.id::text AS patient_id, p.full_name AS patient_name, p.email, p.phone, p.user_id::text, p.language,
       -- What the clinic changed is told in any case, and written to the ledger only where it is to be told.
       n.kind IN ('cancelled', 'rescheduled') OR
       CASE n.channel WHEN 'email' THEN p.notify_email WHEN 'sms' THEN p.notify_sms ELSE p.notify_push END AS is_wanted,
       coalesce(p.time_zone, d.time_zone) AS patient_zone,
       account.status AS account_status,
       doctor.full_name AS doctor_name, d.time_zone AS doctor_zone, visit_face(a.id, p.language) AS face
FROM notification_queue n
JOIN appointments a ON a.id = n.appointment_id
JOIN patients p ON p.id = a.patient_id
JOIN doctors d ON d.id = a.doctor_id
JOIN users doctor ON doctor.id = a.doctor_id
LEFT JOIN users account ON account.id = p.user_id
LEFT JOIN list_messages l ON l.id = n.list_message_id
WHERE n.id = $1
