-- Reads what a message says, and what may forbid sending it, as of now. A message of an offer is about a visit that is only offered yet.
SELECT n.id::text, n.kind, n.lead_minutes, n.attempts,
       n.status = 'due' AND n.leased_until = $2::timestamptz AND n.leased_until > now() + make_interval(secs => $3) AS is_ours,
       CASE WHEN o.id IS NULL THEN n.appointment_sequence = a.sequence ELSE o.status IN ('sending', 'open') END AS is_current, l.text,
       extract(epoch FROM n.due_at) * 1000 AS due_ms,
       extract(epoch FROM n.created_at) * 1000 AS created_ms,
       coalesce(a.id, o.id)::text AS appointment_id, coalesce(a.sequence, 0) AS sequence, coalesce(a.status, 'booked') AS visit_status,
       extract(epoch FROM about.starts_at) * 1000 AS starts_ms,
       extract(epoch FROM about.ends_at) * 1000 AS ends_ms,
       extract(epoch FROM coalesce(a.updated_at, o.created_at)) * 1000 AS updated_ms,
       p.id::text AS patient_id, p.full_name AS patient_name, p.email, p.phone, p.user_id::text, p.language,
       -- What the clinic changed is told in any case, and written to the ledger only where it is to be told.
       n.kind IN ('cancelled', 'rescheduled') OR
       CASE n.channel WHEN 'email' THEN p.notify_email WHEN 'sms' THEN p.notify_sms ELSE p.notify_push END AS is_wanted,
       coalesce(p.time_zone, d.time_zone) AS patient_zone,
       account.status AS account_status,
       doctor.full_name AS doctor_name, d.time_zone AS doctor_zone,
       CASE WHEN o.id IS NULL THEN visit_face(a.id, p.language) ELSE visit_face_at(o.doctor_id, o.starts_at, o.type_id, p.language) END AS face,
       CASE WHEN o.id IS NOT NULL THEN jsonb_build_object('id', o.id::text, 'why', o.why, 'insteadMs',
           (SELECT floor(extract(epoch FROM old.starts_at) * 1000) FROM appointments old WHERE old.id = o.replaces)) END AS offer
FROM notification_queue n
LEFT JOIN appointments a ON a.id = n.appointment_id
LEFT JOIN slot_offers o ON o.id = n.offer_id
CROSS JOIN LATERAL (
    SELECT coalesce(a.doctor_id, o.doctor_id) AS doctor_id, coalesce(a.patient_id, o.patient_id) AS patient_id,
           coalesce(a.starts_at, o.starts_at) AS starts_at, coalesce(a.ends_at, o.ends_at) AS ends_at
) about
JOIN patients p ON p.id = about.patient_id
JOIN doctors d ON d.id = about.doctor_id
JOIN users doctor ON doctor.id = about.doctor_id
LEFT JOIN users account ON account.id = p.user_id
LEFT JOIN list_messages l ON l.id = n.list_message_id
WHERE n.id = $1
