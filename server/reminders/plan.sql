-- Needs no lock: two nodes that plan the same row set the same time.
UPDATE notification_queue n
SET is_planned = true,
    due_at = coalesce(to_timestamp(p.at_ms / 1000), n.due_at),
    status = CASE WHEN p.at_ms IS NULL THEN 'skipped' ELSE n.status END,
    settled_at = CASE WHEN p.at_ms IS NULL THEN now() END,
    last_error = CASE WHEN p.at_ms IS NULL THEN 'quiet hours' END
FROM unnest($1::bigint[], $2::float8[]) AS p (id, at_ms)
WHERE n.id = p.id AND n.status = 'due' AND NOT n.is_planned
