-- Leases the next rows of a channel. Skips rows that another process is leasing, without waiting. When a process dies, the leases of
-- its rows expire, and any process may lease them.
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
