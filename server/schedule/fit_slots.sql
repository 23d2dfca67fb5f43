-- Brings future slots in line with the grid. Removes free slots that are not on it; marks booked and offered ones that are not on it as left
-- over, and those that are on it again as not. Returns for each doctor how many, the starts of the first that went, and how many
-- slots it had to leave because a booking was at work on them.
--
-- Never waits for a booking and never undoes one: it skips a slot that a booking has locked, and reads a slot again after
-- locking it, in case a booking committed since the statement began. So it cannot be part of a deadlock either.
, scheduled AS (
	SELECT doctor_id FROM plans
	UNION
	SELECT doctor_id FROM dated_hours WHERE doctor_id = ANY (:doctorIds::bigint[])
	UNION
	-- A span is given when hours have changed there: perhaps to none.
	SELECT unnest(:doctorIds::bigint[]) FROM moment WHERE from_at IS NOT NULL
),
-- A slot is looked for in a hash of the grid: as a join, PostgreSQL, which cannot know how large the grid is, would compare each
-- slot with all of it.
compared AS (
	SELECT s.doctor_id, s.starts_at, s.appointment_id IS NULL AND s.offer_id IS NULL AS is_free, s.is_leftover,
		(s.doctor_id, s.starts_at, s.ends_at, s.site_id) NOT IN (SELECT doctor_id, starts_at, ends_at, site_id FROM grid) AS is_misfit
	FROM moment, appointment_slots s
	WHERE s.doctor_id = ANY (:doctorIds::bigint[])
		AND (s.doctor_id IN (SELECT doctor_id FROM scheduled) OR s.is_leftover AND s.appointment_id IS NULL AND s.offer_id IS NULL)
		AND s.starts_at > now AND (from_at IS NULL OR s.starts_at >= from_at) AND (until_at IS NULL OR s.starts_at < until_at)
	OFFSET 0
),
judged AS MATERIALIZED (
	SELECT doctor_id, starts_at, is_free, is_misfit FROM compared WHERE is_leftover <> is_misfit OR is_free AND is_misfit
),
locked AS MATERIALIZED (
	SELECT judged.*
	FROM judged
	JOIN appointment_slots s USING (doctor_id, starts_at)
	WHERE (s.appointment_id IS NULL AND s.offer_id IS NULL) = judged.is_free
	FOR UPDATE OF s SKIP LOCKED
),
removed AS (
	DELETE FROM appointment_slots s
	USING locked
	WHERE locked.is_free AND locked.is_misfit
		AND s.doctor_id = locked.doctor_id AND s.starts_at = locked.starts_at AND s.appointment_id IS NULL AND s.offer_id IS NULL
	RETURNING s.doctor_id, s.starts_at
),
marked AS (
	UPDATE appointment_slots s
	SET is_leftover = locked.is_misfit,
		is_blocked = locked.is_misfit
			OR EXISTS (SELECT FROM time_off t WHERE t.doctor_id = s.doctor_id AND t.starts_at < s.ends_at AND t.ends_at > s.starts_at)
	FROM locked
	WHERE NOT (locked.is_free AND locked.is_misfit) AND s.doctor_id = locked.doctor_id AND s.starts_at = locked.starts_at
	RETURNING s.doctor_id
)
SELECT doctor_id AS "doctorId", coalesce(gone.count, 0)::integer AS removed, coalesce(changed.count, 0)::integer AS marked,
	(all_judged.count - coalesce(all_locked.count, 0))::integer AS skipped, gone.starts [1 : :listed::integer] AS "removedStarts"
FROM (SELECT doctor_id, count(*) FROM judged GROUP BY doctor_id) all_judged
LEFT JOIN (SELECT doctor_id, count(*) FROM locked GROUP BY doctor_id) all_locked USING (doctor_id)
LEFT JOIN (
	SELECT doctor_id, count(*), array_agg(starts_at ORDER BY starts_at) FILTER (WHERE :listed::integer > 0) AS starts
	FROM removed GROUP BY doctor_id
) gone USING (doctor_id)
LEFT JOIN (SELECT doctor_id, count(*) FROM marked GROUP BY doctor_id) changed USING (doctor_id)
