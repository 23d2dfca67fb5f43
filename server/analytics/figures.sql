-- Reads every figure of the page in one statement, so that all figures are of one moment. The two dates are inclusive, in each
-- doctor's own zone. "Booked" counts appointments that were not cancelled; a booked slot counts as offered even when time off
-- covers it now.
WITH spans AS MATERIALIZED (
	SELECT d.id AS doctor_id, d.time_zone, u.full_name, u.status = 'active' AND u.role = 'doctor' AS practises,
		CAST(:from AS date)::timestamp AT TIME ZONE d.time_zone AS begins,
		(CAST(:to AS date) + 1)::timestamp AT TIME ZONE d.time_zone AS ends
	FROM doctors d JOIN users u ON u.id = d.id
	WHERE CAST(:doctorId AS bigint) IS NULL OR d.id = CAST(:doctorId AS bigint)
),
visits AS MATERIALIZED (
	SELECT a.doctor_id, a.status, a.type_id, a.moves, CASE b.role WHEN 'patient' THEN 'online' WHEN 'doctor' THEN 'doctor' ELSE 'desk' END AS channel,
		a.starts_at AT TIME ZONE s.time_zone AS local_start,
		extract(epoch FROM a.starts_at - a.created_at)::double precision / 3600 AS lead_hours
	FROM spans s JOIN appointments a ON a.doctor_id = s.doctor_id AND a.starts_at >= s.begins AND a.starts_at < s.ends
	JOIN users b ON b.id = a.booked_by
),
visit_counts AS (
	SELECT doctor_id,
		count(*) AS appointments,
		count(*) FILTER (WHERE status <> 'cancelled') AS booked,
		count(*) FILTER (WHERE status = 'completed') AS completed,
		count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
		count(*) FILTER (WHERE status = 'no_show') AS no_show
	FROM visits GROUP BY doctor_id
),
slots AS (
	SELECT doctor_id, starts_at, is_booked, is_blocked FROM appointment_slots
	UNION ALL
	SELECT doctor_id, starts_at, appointment_id IS NOT NULL, is_blocked FROM archived_slots
),
slot_counts AS (
	SELECT s.doctor_id, count(*) AS slots, count(*) FILTER (WHERE a.is_booked) AS booked_slots
	FROM spans s JOIN slots a ON a.doctor_id = s.doctor_id AND a.starts_at >= s.begins AND a.starts_at < s.ends
	WHERE a.is_booked OR NOT a.is_blocked
	GROUP BY s.doctor_id
),
by_doctor AS (
	SELECT s.doctor_id, s.full_name,
		coalesce(appointments, 0) AS appointments, coalesce(booked, 0) AS booked, coalesce(completed, 0) AS completed,
		coalesce(cancelled, 0) AS cancelled, coalesce(no_show, 0) AS no_show,
		coalesce(slots, 0) AS slots, coalesce(booked_slots, 0) AS booked_slots
	FROM spans s LEFT JOIN visit_counts USING (doctor_id) LEFT JOIN slot_counts USING (doctor_id)
	WHERE s.practises OR appointments > 0 OR slots > 0 OR CAST(:doctorId AS bigint) IS NOT NULL
),
by_day AS (
	SELECT day::date AS date,
		count(v.status) FILTER (WHERE v.status <> 'cancelled') AS booked,
		count(v.status) FILTER (WHERE v.status = 'cancelled') AS cancelled,
		count(v.status) FILTER (WHERE v.status = 'no_show') AS no_show
	FROM generate_series(CAST(:from AS date)::timestamp, CAST(:to AS date)::timestamp, interval '1 day') AS day
	LEFT JOIN visits v ON v.local_start::date = day::date
	GROUP BY day
),
by_hour AS (
	SELECT extract(isodow FROM local_start)::int AS weekday, extract(hour FROM local_start)::int AS hour, count(*) AS appointments
	FROM visits WHERE status <> 'cancelled' GROUP BY 1, 2
),
by_type AS (
	SELECT t.id AS type_id, t.name, t.position, count(*) AS appointments, count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
		count(*) FILTER (WHERE status = 'no_show') AS no_show, sum(moves) AS moves
	FROM visits v JOIN appointment_types t ON t.id = v.type_id GROUP BY t.id
),
by_channel AS (
	SELECT channel, count(*) AS appointments, count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
		count(*) FILTER (WHERE status = 'no_show') AS no_show, sum(moves) AS moves
	FROM visits GROUP BY channel
),
lead_time AS (
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lead_hours) AS median_hours,
		percentile_cont(0.9) WITHIN GROUP (ORDER BY lead_hours) AS p90_hours,
		avg(lead_hours) AS mean_hours
	FROM visits WHERE status <> 'cancelled'
)
SELECT
	(SELECT coalesce(jsonb_agg(jsonb_build_object(
			'doctorId', doctor_id::text, 'fullName', full_name, 'appointments', appointments, 'booked', booked, 'completed', completed,
			'cancelled', cancelled, 'noShow', no_show, 'slots', slots, 'bookedSlots', booked_slots
		) ORDER BY lower(full_name), doctor_id), '[]') FROM by_doctor) AS "byDoctor",
	(SELECT jsonb_agg(jsonb_build_object('date', date, 'booked', booked, 'cancelled', cancelled, 'noShow', no_show) ORDER BY date)
		FROM by_day) AS "byDay",
	(SELECT coalesce(jsonb_agg(jsonb_build_object('weekday', weekday, 'hour', hour, 'appointments', appointments) ORDER BY weekday, hour), '[]')
		FROM by_hour) AS "byHour",
	(SELECT coalesce(jsonb_agg(jsonb_build_object('typeId', type_id::text, 'name', name, 'appointments', appointments, 'cancelled', cancelled,
			'noShow', no_show, 'moves', moves) ORDER BY position, name), '[]') FROM by_type) AS "byType",
	(SELECT coalesce(jsonb_agg(jsonb_build_object('channel', channel, 'appointments', appointments, 'cancelled', cancelled,
			'noShow', no_show, 'moves', moves) ORDER BY channel), '[]') FROM by_channel) AS "byChannel",
	(SELECT jsonb_build_object('moves', coalesce(sum(moves), 0), 'appointments', count(*) FILTER (WHERE moves > 0)) FROM visits) AS "moves",
	(SELECT jsonb_build_object('medianHours', median_hours, 'p90Hours', p90_hours, 'meanHours', mean_hours) FROM lead_time) AS "leadTime"
