SELECT r.requested_by::text, r.idempotency_key, r.fingerprint, r.request_id, r.refusal, r.appointment_id::text
FROM unnest($1::bigint[], $2::text[]) AS asked (requested_by, idempotency_key)
JOIN booking_requests r USING (requested_by, idempotency_key)
