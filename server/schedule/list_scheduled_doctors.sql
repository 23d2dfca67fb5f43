-- Active doctors with a schedule, and about how many slots a day the schedule asks for.
SELECT s.doctor_id AS "doctorId",
	coalesce((
		SELECT sum(extract(epoch FROM h."end" - h.start) / 60 / s.slot_minutes)
		FROM jsonb_to_recordset(s.weekly) AS h (start interval, "end" interval)
	), 0)::float8 / 7 AS "slotsPerDay"
FROM doctor_schedules s
JOIN users u ON u.id = s.doctor_id AND u.role = 'doctor' AND u.status = 'active'
ORDER BY s.doctor_id
