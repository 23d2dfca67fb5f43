-- Promise 2: acknowledged bookings exist, and refused ones do not.
SELECT format('request %s of account %s was granted, and there is no appointment %s', r.request_id, r.requested_by, r.appointment_id) AS finding
FROM booking_requests r
WHERE r.refusal IS NULL AND NOT EXISTS (SELECT FROM appointments a WHERE a.id = r.appointment_id)
UNION ALL
SELECT format('request %s of account %s was refused (%s), and made appointment %s', r.request_id, r.requested_by, r.refusal, a.id)
FROM booking_requests r
JOIN appointments a ON a.booked_by = r.requested_by AND a.idempotency_key = r.idempotency_key
WHERE r.refusal IS NOT NULL
