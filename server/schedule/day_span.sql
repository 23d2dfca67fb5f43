-- A date of a doctor's, from the first of its midnights to the last: in the zone of the calendar, of the plans, and of the sites named.
SELECT min(:day::date::timestamp AT TIME ZONE zone) AS "from", max((:day::date + 1)::timestamp AT TIME ZONE zone) AS until
FROM (
	SELECT time_zone AS zone FROM doctors WHERE id = :doctorId::bigint
	UNION ALL
	SELECT coalesce(p.time_zone, s.time_zone) FROM schedule_plans p JOIN sites s ON s.id = p.site_id WHERE p.doctor_id = :doctorId::bigint
	UNION ALL
	SELECT time_zone FROM sites WHERE id = ANY (:siteIds::bigint[])
	UNION ALL
	SELECT coalesce(h.time_zone, s.time_zone) FROM dated_hours h JOIN sites s ON s.id = h.site_id
	WHERE h.doctor_id = :doctorId::bigint AND h.day = :day::date
) zones
