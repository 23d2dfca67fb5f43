-- When plans begin and end, as instants: midnights of their zones, and of the sites that single days of theirs name.
SELECT p.id, min(p.valid_from::timestamp AT TIME ZONE zone) AS "from", max((p.valid_until + 1)::timestamp AT TIME ZONE zone) AS until
FROM schedule_plans p
JOIN sites s ON s.id = p.site_id
CROSS JOIN LATERAL (
	SELECT coalesce(p.time_zone, s.time_zone) AS zone
	UNION
	SELECT other.time_zone
	FROM dated_hours h
	CROSS JOIN LATERAL jsonb_to_recordset(h.ranges) AS o (site_id bigint)
	JOIN sites other ON other.id = o.site_id
	WHERE h.doctor_id = p.doctor_id AND h.day >= p.valid_from AND (p.valid_until IS NULL OR h.day <= p.valid_until)
) zones
WHERE p.id = ANY (:planIds::bigint[])
GROUP BY p.id
