-- When plans begin and end, as instants: midnights of their zones.
SELECT p.id, p.valid_from::timestamp AT TIME ZONE zone AS "from", (p.valid_until + 1)::timestamp AT TIME ZONE zone AS until
FROM schedule_plans p
JOIN sites s ON s.id = p.site_id
CROSS JOIN LATERAL (SELECT coalesce(p.time_zone, s.time_zone) AS zone) named
WHERE p.id = ANY (:planIds::bigint[])
