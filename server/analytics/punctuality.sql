-- How long patients waited and how late visits started, of the visits that start between two dates in each doctor's own zone.
WITH visits AS (
	SELECT CASE WHEN t.checked_in_at IS NOT NULL THEN extract(epoch FROM t.started_at - greatest(t.checked_in_at, a.starts_at)) / 60 END AS waited,
		extract(epoch FROM t.started_at - a.starts_at) / 60 AS late
	FROM doctors d
	JOIN appointments a ON a.doctor_id = d.id
		AND a.starts_at >= CAST(:from AS date)::timestamp AT TIME ZONE d.time_zone
		AND a.starts_at < (CAST(:to AS date) + 1)::timestamp AT TIME ZONE d.time_zone
	JOIN visit_times t ON t.appointment_id = a.id
	WHERE t.started_at IS NOT NULL AND (CAST(:doctorId AS bigint) IS NULL OR d.id = CAST(:doctorId AS bigint))
)
SELECT
	jsonb_build_object(
		'visits', count(waited),
		'medianMinutes', percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(waited, 0)) FILTER (WHERE waited IS NOT NULL),
		'p90Minutes', percentile_cont(0.9) WITHIN GROUP (ORDER BY greatest(waited, 0)) FILTER (WHERE waited IS NOT NULL)
	) AS waiting,
	jsonb_build_object(
		'visits', count(*),
		'medianMinutesLate', percentile_cont(0.5) WITHIN GROUP (ORDER BY late),
		'onTimeRate', count(*) FILTER (WHERE late <= 10)::float8 / nullif(count(*), 0)
	) AS punctuality
FROM visits
