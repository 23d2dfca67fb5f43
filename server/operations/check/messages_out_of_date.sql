-- Promise 5: no message is due about a visit that was cancelled or moved, except the message that says so.
SELECT format('message %s (%s, %s) is due, and appointment %s %s', n.id, n.channel, n.kind, a.id,
	CASE WHEN n.appointment_sequence <> a.sequence THEN 'has changed since' ELSE 'is cancelled' END) AS finding
FROM notification_queue n
JOIN appointments a ON a.id = n.appointment_id
WHERE n.status = 'due' AND (n.appointment_sequence <> a.sequence OR (a.status = 'cancelled' AND n.kind <> 'cancelled'))
