-- Takes the next rows of a channel for a while. Rows that another process is taking are passed over, not waited for;
-- when the lease has run out, because their process died, they are anybody's again.
WITH next AS (
    SELECT id
    FROM notification_queue
    WHERE channel = $1 AND status = 'due' AND is_planned AND greatest(due_at, retry_at, leased_until) <= now()
    ORDER BY greatest(due_at, retry_at, leased_until)
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE notification_queue n
SET leased_until = clock_timestamp() + make_interval(secs => $3)
FROM next
WHERE n.id = next.id
RETURNING n.id::text, n.leased_until::text AS lease
