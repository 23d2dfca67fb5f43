-- Active doctors who have hours, at a site or anywhere, and about how many slots a day their busiest plan asks for.
SELECT u.id AS "doctorId",
	coalesce((
		SELECT max((
			SELECT sum(extract(epoch FROM h."end" - h.start) / 60 / p.slot_minutes)
			FROM jsonb_to_recordset(p.weekly) AS h (start interval, "end" interval)
		))
		FROM schedule_plans p
		WHERE p.doctor_id = u.id
	), 0)::float8 / 7 AS "slotsPerDay"
FROM users u
WHERE u.role = 'doctor' AND u.status = 'active'
	AND (
		EXISTS (SELECT FROM schedule_plans p WHERE p.doctor_id = u.id AND (:siteId::bigint IS NULL OR p.site_id = :siteId::bigint))
		-- Few have any, and these may be at any site.
		OR EXISTS (SELECT FROM dated_hours h WHERE h.doctor_id = u.id)
	)
ORDER BY u.id
