-- A doctor's calendar is shown in the zone of the plan that is in force, or else of the next one, or the last. Returns whose has
-- changed.
WITH ranked AS (
	SELECT p.doctor_id, zone, row_number() OVER (
		PARTITION BY p.doctor_id
		ORDER BY coalesce(p.valid_until < today, false), CASE WHEN p.valid_until < today THEN p.valid_until END DESC, p.valid_from
	) AS rank
	FROM schedule_plans p
	JOIN sites s ON s.id = p.site_id
	CROSS JOIN LATERAL (SELECT coalesce(p.time_zone, s.time_zone) AS zone) named
	CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE zone)::date AS today) at
	WHERE p.doctor_id = ANY (:doctorIds::bigint[])
)
UPDATE doctors d SET time_zone = ranked.zone
FROM ranked
WHERE ranked.rank = 1 AND d.id = ranked.doctor_id AND d.time_zone <> ranked.zone
RETURNING d.id AS "doctorId"
