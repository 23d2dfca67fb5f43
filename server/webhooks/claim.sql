-- Leases the next deliveries of an endpoint, one of each subject: a subject's events are delivered in their order, so a later one
-- waits while an earlier one is due. Skips what another process is leasing. $1 endpoint, $2 at most how many, $3 the time in ms, $4 the lease in ms.
WITH next AS (
    SELECT d.id
    FROM webhook_deliveries d
    JOIN webhook_endpoints e ON e.id = d.endpoint_id AND e.status = 'active'
    WHERE d.endpoint_id = $1 AND d.status = 'due'
      AND greatest(d.retry_at, d.leased_until) <= to_timestamp($3::bigint / 1000.0)
      AND NOT EXISTS (
          SELECT FROM webhook_deliveries earlier
          WHERE earlier.endpoint_id = d.endpoint_id AND earlier.subject = d.subject AND earlier.status = 'due' AND earlier.id < d.id
      )
    ORDER BY d.id
    LIMIT $2
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE webhook_deliveries d
SET leased_until = to_timestamp(($3::bigint + $4::bigint) / 1000.0) + random() * interval '1 millisecond'
FROM next
WHERE d.id = next.id
RETURNING d.id::text, d.message_id AS "messageId", d.payload::text AS payload, d.attempts, d.leased_until::text AS lease
