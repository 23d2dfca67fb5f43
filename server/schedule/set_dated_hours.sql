-- Gives a day hours of its own. Where no plan is in force then, they follow the nearest one as it is now, or the doctor's zone.
INSERT INTO dated_hours (doctor_id, day, ranges, site_id, time_zone, slot_minutes)
SELECT d.id, :day, :ranges, coalesce(p.site_id, site), CASE WHEN p.id IS NULL THEN zone_unless_of_site(d.time_zone, site) ELSE p.time_zone END,
	coalesce(p.slot_minutes, 30)
FROM doctors d
CROSS JOIN LATERAL (SELECT site_of_zone(d.time_zone) AS site) chosen
LEFT JOIN LATERAL (
	SELECT * FROM schedule_plans
	WHERE doctor_id = d.id
	ORDER BY greatest(valid_from - :day::date, :day::date - coalesce(valid_until, :day::date), 0), valid_from
	LIMIT 1
) p ON true
WHERE d.id = :doctorId::bigint
ON CONFLICT (doctor_id, day) DO UPDATE
	SET ranges = excluded.ranges, site_id = excluded.site_id, time_zone = excluded.time_zone, slot_minutes = excluded.slot_minutes,
		updated_at = now()
