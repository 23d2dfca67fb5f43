-- Messages that make a phone ring, and whose time has not been checked against quiet hours yet.
SELECT n.id::text, n.kind, n.lead_minutes,
       extract(epoch FROM n.due_at) * 1000 AS due_ms,
       extract(epoch FROM n.created_at) * 1000 AS created_ms,
       extract(epoch FROM coalesce(a.starts_at, o.starts_at)) * 1000 AS visit_ms,
       coalesce(p.time_zone, d.time_zone) AS time_zone
FROM notification_queue n
LEFT JOIN appointments a ON a.id = n.appointment_id
LEFT JOIN slot_offers o ON o.id = n.offer_id
JOIN patients p ON p.id = coalesce(a.patient_id, o.patient_id)
JOIN doctors d ON d.id = coalesce(a.doctor_id, o.doctor_id)
WHERE n.status = 'due' AND NOT n.is_planned
ORDER BY n.id
LIMIT $1
