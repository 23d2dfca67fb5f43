-- Future appointments that do not lie wholly within the weekly hours. An appointment within the hours may keep the grid of an older
-- schedule.
, hours AS (
	SELECT doctor_id, range_agg(tstzrange(opens_at, greatest(closes_at, opens_at + ("end" - start)))) AS during
	FROM (
		SELECT *, (day + start) AT TIME ZONE time_zone AS opens_at, (day + "end") AT TIME ZONE time_zone AS closes_at
		FROM openings
	) instants
	GROUP BY doctor_id
)
SELECT a.id
FROM appointments a
JOIN schedules s ON s.doctor_id = a.doctor_id
LEFT JOIN hours ON hours.doctor_id = a.doctor_id, moment
WHERE a.starts_at > now
	AND a.status IN ('booked', 'checked_in', 'in_progress')
	AND (hours.during IS NULL OR NOT a.during <@ hours.during)
ORDER BY a.starts_at, a.id
