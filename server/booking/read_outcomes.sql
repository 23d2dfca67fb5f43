-- The outcomes of requests under these keys. booking_requests keeps outcomes for a day. After that an appointment still shows that
-- its key was used, but not with which payload.
WITH asked AS (
    SELECT * FROM unnest($1::bigint[], $2::text[]) AS asked (requested_by, idempotency_key)
)
SELECT r.requested_by::text, r.idempotency_key, r.fingerprint, r.request_id, r.refusal, r.appointment_id::text
FROM asked JOIN booking_requests r USING (requested_by, idempotency_key)
UNION ALL
SELECT a.booked_by::text, a.idempotency_key, NULL, NULL, NULL, a.id::text
FROM asked
JOIN appointments a ON a.booked_by = asked.requested_by AND a.idempotency_key = asked.idempotency_key
WHERE NOT EXISTS (SELECT FROM booking_requests r WHERE r.requested_by = a.booked_by AND r.idempotency_key = a.idempotency_key)
