-- Refuses bookings of a doctor's slots that are taken, and keeps the refusals under the callers' keys. Does not refuse a request
-- whose slot is free by now or whose key was used before. Usually all requests are refused, so the ids are returned only when some
-- are not.
WITH taken AS MATERIALIZED (
    SELECT wanted.minute
    FROM unnest($2::int[]) AS wanted (minute)
    CROSS JOIN LATERAL (
        SELECT FROM appointment_slots s
        WHERE s.doctor_id = $1::bigint AND s.starts_at = to_timestamp(wanted.minute * 60.0) AND s.appointment_id IS NOT NULL
        OFFSET 0
    ) slot
),
refused AS (
    INSERT INTO booking_requests (requested_by, idempotency_key, fingerprint, request_id, refusal)
    SELECT asked.requested_by, asked.idempotency_key, asked.fingerprint, asked.request_id, 'slot_booked'
    FROM unnest($3::int[], $4::bigint[], $5::text[], $6::text[], $7::uuid[])
         AS asked (minute, requested_by, idempotency_key, fingerprint, request_id)
    JOIN taken USING (minute)
    ON CONFLICT DO NOTHING
    RETURNING request_id
)
SELECT CASE WHEN count(*) < cardinality($7::uuid[]) THEN coalesce(array_agg(request_id::text), '{}') END AS refused FROM refused
