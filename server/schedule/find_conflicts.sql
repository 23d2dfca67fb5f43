-- Future appointments that do not lie wholly within the hours of their site. An appointment within the hours may keep the grid of an
-- older plan.
, open AS (
	SELECT doctor_id, site_id, range_agg(tstzrange(opens_at, greatest(closes_at, opens_at + ("end" - start)))) AS during
	FROM (
		SELECT *, (day + start) AT TIME ZONE time_zone AS opens_at, (day + "end") AT TIME ZONE time_zone AS closes_at
		FROM openings
	) instants
	GROUP BY doctor_id, site_id
)
SELECT a.id
FROM moment, appointments a
LEFT JOIN appointment_slots s ON s.doctor_id = a.doctor_id AND s.starts_at = a.starts_at
WHERE a.doctor_id = ANY (:doctorIds::bigint[])
	AND (from_at IS NOT NULL OR a.doctor_id IN (
		SELECT doctor_id FROM plans UNION SELECT doctor_id FROM dated_hours WHERE doctor_id = ANY (:doctorIds::bigint[])
	))
	AND a.starts_at > now AND (from_at IS NULL OR a.starts_at >= from_at) AND (until_at IS NULL OR a.starts_at < until_at)
	AND a.status IN ('booked', 'checked_in', 'in_progress')
	AND NOT EXISTS (
		SELECT FROM open
		WHERE open.doctor_id = a.doctor_id AND (open.site_id = s.site_id OR s.site_id IS NULL) AND a.during <@ open.during
	)
ORDER BY a.starts_at, a.id
