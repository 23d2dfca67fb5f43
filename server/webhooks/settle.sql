-- Records the outcome of one attempt, unless the lease has passed on. $1 delivery, $2 lease, $3 status, $4 answer's code, $5 error,
-- $6 when to try again (ms), $7 the time (ms).
WITH settled AS (
    UPDATE webhook_deliveries
    SET status = $3,
        attempts = attempts + 1,
        answer_code = $4,
        last_error = $5,
        retry_at = coalesce(to_timestamp($6::bigint / 1000.0), retry_at),
        leased_until = to_timestamp($7::bigint / 1000.0),
        settled_at = CASE WHEN $3 <> 'due' THEN to_timestamp($7::bigint / 1000.0) END
    WHERE id = $1 AND leased_until = $2::timestamptz AND status = 'due'
    RETURNING endpoint_id
)
UPDATE webhook_endpoints e
SET failing_since = CASE WHEN $3 <> 'delivered' THEN coalesce(e.failing_since, to_timestamp($7::bigint / 1000.0)) END
FROM settled
WHERE e.id = settled.endpoint_id
  AND CASE WHEN $3 = 'delivered' THEN e.failing_since IS NOT NULL ELSE e.failing_since IS NULL END
