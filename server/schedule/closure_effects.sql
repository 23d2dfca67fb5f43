-- What lies within a closure, by the date that the site has: future appointments, and slots that could be booked.
WITH slots AS (
	SELECT s.doctor_id, s.starts_at, s.appointment_id, s.is_blocked
	FROM appointment_slots s
	JOIN sites ON sites.id = s.site_id
	LEFT JOIN LATERAL (
		SELECT p.time_zone FROM schedule_plans p
		WHERE p.doctor_id = s.doctor_id AND p.site_id = s.site_id AND p.time_zone IS NOT NULL
		LIMIT 1
	) own ON true
	WHERE (:siteId::bigint IS NULL OR s.site_id = :siteId::bigint)
		AND s.starts_at > now()
		-- No zone is further from UTC.
		AND s.starts_at >= :from::date::timestamp AT TIME ZONE 'UTC' - interval '15 hours'
		AND s.starts_at < (:to::date + 1)::timestamp AT TIME ZONE 'UTC' + interval '15 hours'
		AND (s.starts_at AT TIME ZONE coalesce(own.time_zone, sites.time_zone))::date BETWEEN :from::date AND :to::date
)
SELECT
	(SELECT count(*) FROM slots WHERE appointment_id IS NULL AND NOT is_blocked)::integer AS removed,
	(
		SELECT coalesce(array_agg(a.id::text ORDER BY a.starts_at, a.id), '{}')
		FROM appointments a
		JOIN slots ON slots.doctor_id = a.doctor_id AND slots.starts_at = a.starts_at AND slots.appointment_id = a.id
		WHERE a.status IN ('booked', 'checked_in', 'in_progress')
	) AS conflicts
