UPDATE notification_queue n SET leased_until = NULL
FROM unnest($1::bigint[], $2::text[]) AS r (id, lease)
WHERE n.id = r.id AND n.leased_until = r.lease::timestamptz AND n.status = 'due'
