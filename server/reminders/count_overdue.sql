-- Counts the overdue messages of each channel, with the index that dispatchers use.
SELECT channel, (
    SELECT count(*)::int
    FROM notification_queue
    WHERE channel = asked.channel AND status = 'due' AND is_planned
      AND greatest(due_at, retry_at, leased_until) < now() - make_interval(secs => $2)
) AS overdue
FROM unnest($1::text[]) AS asked (channel)
