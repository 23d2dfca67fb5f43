-- What was booked, moved, cancelled or taken back in a doctor's calendar since the doctor's midnight, latest first. $1 doctor
SELECT l.at, l.action, u.full_name AS by_name, u.role AS by_role, a.id::text AS appointment_id, p.full_name AS patient_name, l.details,
       a.starts_at, CASE WHEN l.action = 'cancelled' THEN a.cancel_reason END AS reason
FROM doctors d
JOIN audit_log l ON l.entity = 'appointment' AND l.action IN ('booked', 'rescheduled', 'cancelled', 'undone')
    AND l.at >= date_trunc('day', now() AT TIME ZONE d.time_zone) AT TIME ZONE d.time_zone
JOIN appointments a ON a.id = l.entity_id::bigint
JOIN patients p ON p.id = a.patient_id
LEFT JOIN users u ON u.id = l.actor_id
WHERE d.id = $1::bigint AND (a.doctor_id = d.id OR l.details -> 'from' ->> 'doctorId' = d.id::text)
ORDER BY l.at DESC, l.id DESC
LIMIT 200
