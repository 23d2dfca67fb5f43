-- Creates the slots of the grid that overlap no existing slot. Returns for each doctor how many slots it created, the starts of the
-- first ones, and how many future slots existed before. Runs after fit_slots.sql, as a statement of its own, so
-- that it sees which slots stayed.
--
-- Searches one multirange for each doctor by halving: neither a full nor an empty calendar is slow.
, present AS (
	SELECT s.doctor_id, range_agg(tstzrange(s.starts_at, s.ends_at)) AS during,
		count(*) FILTER (WHERE s.starts_at > now AND (s.starts_at AT TIME ZONE d.time_zone)::date <= (now AT TIME ZONE d.time_zone)::date + :days::integer)
			AS kept
	FROM appointment_slots s
	JOIN doctors d ON d.id = s.doctor_id, moment
	-- No slot lasts longer than 8 hours: a slot that began earlier is over.
	WHERE s.doctor_id = ANY (:doctorIds::bigint[]) AND s.starts_at > now - interval '8 hours'
	GROUP BY s.doctor_id
),
off AS (
	SELECT doctor_id, range_agg(tstzrange(starts_at, ends_at)) AS during
	FROM time_off, moment
	WHERE doctor_id = ANY (:doctorIds::bigint[]) AND ends_at > now
	GROUP BY doctor_id
),
created AS (
	INSERT INTO appointment_slots (doctor_id, site_id, starts_at, ends_at, is_blocked)
	SELECT grid.doctor_id, site_id, starts_at, ends_at, off.during IS NOT NULL AND tstzrange(starts_at, ends_at) && off.during
	FROM grid
	LEFT JOIN present USING (doctor_id)
	LEFT JOIN off USING (doctor_id)
	WHERE present.during IS NULL OR NOT tstzrange(starts_at, ends_at) && present.during
	ON CONFLICT DO NOTHING
	RETURNING doctor_id, starts_at
)
SELECT doctor.id AS "doctorId", coalesce(fresh.created, 0)::integer AS created, coalesce(present.kept, 0)::integer AS kept,
	fresh.starts [1 : :listed::integer] AS "createdStarts"
FROM unnest(:doctorIds::bigint[]) AS doctor (id)
LEFT JOIN (
	SELECT doctor_id, count(*) AS created, array_agg(starts_at ORDER BY starts_at) FILTER (WHERE :listed::integer > 0) AS starts
	FROM created GROUP BY doctor_id
) fresh ON fresh.doctor_id = doctor.id
LEFT JOIN present ON present.doctor_id = doctor.id
ORDER BY doctor.id
