-- The slots that the hours ask for: a WITH clause; the statement that uses it follows.
--
-- A day's hours are its dated ones, or else those of the plan in force; on a day on which the site is closed there are none.
-- Wall-clock times are the site's. When clocks go forward, the grid leaves out the starts that they skip; when clocks go
-- back, it takes a repeated start once (the second, as AT TIME ZONE reads it). A slot always lasts its minutes of elapsed
-- time: the grid leaves out a slot that would run into the next one, because clocks go forward within it or because the doctor
-- works in several zones.
--
-- With a span, the grid only has slots that start within it.
WITH moment AS (
	SELECT coalesce(:now::timestamptz, statement_timestamp()) AS now, :from::timestamptz AS from_at, :until::timestamptz AS until_at
),
plans AS MATERIALIZED (
	SELECT p.doctor_id, p.site_id, coalesce(p.time_zone, s.time_zone) AS time_zone, p.weekly, p.valid_from, p.valid_until,
		make_interval(mins => p.slot_minutes) AS length
	FROM schedule_plans p
	JOIN sites s ON s.id = p.site_id
	WHERE p.doctor_id = ANY (:doctorIds::bigint[])
),
-- The grid of a single day is that of the plan in force, if there is one; so is its site, unless it names another.
dated AS MATERIALIZED (
	SELECT h.doctor_id, h.day, o.start, o."end", site.id AS site_id,
		CASE WHEN site.id = followed.site_id THEN coalesce(followed.time_zone, site.time_zone) ELSE site.time_zone END AS time_zone,
		make_interval(mins => followed.slot_minutes) AS length
	FROM dated_hours h
	CROSS JOIN moment
	LEFT JOIN schedule_plans p
		ON p.doctor_id = h.doctor_id AND h.day >= p.valid_from AND (p.valid_until IS NULL OR h.day <= p.valid_until)
	CROSS JOIN LATERAL (
		SELECT p.site_id, p.time_zone, p.slot_minutes WHERE p.id IS NOT NULL
		UNION ALL
		SELECT h.site_id, h.time_zone, h.slot_minutes WHERE p.id IS NULL
	) followed
	CROSS JOIN LATERAL jsonb_to_recordset(h.ranges) AS o (start interval, "end" interval, site_id bigint)
	JOIN sites site ON site.id = coalesce(o.site_id, followed.site_id)
	WHERE h.doctor_id = ANY (:doctorIds::bigint[]) AND h.day >= (now AT TIME ZONE 'UTC')::date - 2
),
zones AS MATERIALIZED (
	SELECT doctor_id, time_zone FROM plans UNION SELECT doctor_id, time_zone FROM dated
),
-- One more day at either end, for clocks that go back over midnight, and for a slot that would run into the next day.
dates AS (
	SELECT time_zone, ahead, (now AT TIME ZONE time_zone)::date + ahead AS day
	FROM (SELECT DISTINCT time_zone FROM zones) distinct_zones, moment, generate_series(-1, :days::integer + 1) AS ahead
),
midnights AS (
	SELECT time_zone, ahead, day, day::timestamp AT TIME ZONE time_zone AS midnight,
		(day::timestamp AT TIME ZONE time_zone) AT TIME ZONE time_zone <> day::timestamp
			OR (day + 1)::timestamp AT TIME ZONE time_zone <> day::timestamp AT TIME ZONE time_zone + interval '24 hours'
			AS clocks_change
	FROM dates, moment
	WHERE (from_at IS NULL OR day >= (from_at AT TIME ZONE 'UTC')::date - 2)
		AND (until_at IS NULL OR day <= (until_at AT TIME ZONE 'UTC')::date + 2)
),
-- Most days have 24 hours. On these, midnight plus the time of day gives the instant, far cheaper than a time zone look-up for each slot.
days AS MATERIALIZED (
	SELECT time_zone, ahead, day, midnight, extract(isodow FROM day)::integer AS weekday,
		clocks_change OR lag(clocks_change, 1, false) OVER (PARTITION BY time_zone ORDER BY day) AS is_irregular
	FROM midnights
),
-- A site that is archived is closed for good.
closed AS MATERIALIZED (
	SELECT id AS site_id, day FROM sites, (SELECT DISTINCT day FROM days) shown WHERE archived_at IS NOT NULL
	UNION
	SELECT s.id AS site_id, day::date AS day
	FROM closures c
	JOIN sites s ON c.site_id IS NULL OR c.site_id = s.id
	CROSS JOIN (SELECT min(day) AS first_day, max(day) AS last_day FROM days) shown
	CROSS JOIN LATERAL generate_series(
		greatest(c.first_day, shown.first_day)::timestamp, least(c.last_day, shown.last_day)::timestamp, interval '1 day'
	) AS day
),
hours AS (
	SELECT p.doctor_id, p.site_id, p.time_zone, p.length, d.ahead, d.day, d.midnight, d.is_irregular, h.start, h."end"
	FROM plans p
	CROSS JOIN LATERAL jsonb_to_recordset(p.weekly) AS h (weekday integer, start interval, "end" interval)
	JOIN days d ON d.time_zone = p.time_zone AND d.weekday = h.weekday
	WHERE d.day >= p.valid_from AND (p.valid_until IS NULL OR d.day <= p.valid_until)
		AND NOT EXISTS (SELECT FROM dated_hours other WHERE other.doctor_id = p.doctor_id AND other.day = d.day)
	UNION ALL
	SELECT h.doctor_id, h.site_id, h.time_zone, h.length, d.ahead, d.day, d.midnight, d.is_irregular, h.start, h."end"
	FROM dated h
	JOIN days d ON d.time_zone = h.time_zone AND d.day = h.day
),
openings AS MATERIALIZED (
	SELECT h.doctor_id, h.site_id, h.time_zone, h.length, h.ahead, h.day, h.midnight, h.start, h."end",
		h.is_irregular OR several.doctor_id IS NOT NULL AS is_irregular
	FROM hours h
	LEFT JOIN (SELECT doctor_id FROM zones GROUP BY doctor_id HAVING count(*) > 1) several USING (doctor_id)
	WHERE NOT EXISTS (SELECT FROM closed WHERE closed.site_id = h.site_id AND closed.day = h.day)
),
regular AS (
	SELECT doctor_id, site_id, ahead, length, generate_series(midnight + start, midnight + "end" - length, length) AS starts_at
	FROM openings
	WHERE NOT is_irregular AND ahead <= :days::integer
),
irregular AS (
	SELECT doctor_id, site_id, ahead, length, starts_at,
		lead(starts_at) OVER (PARTITION BY doctor_id ORDER BY starts_at, length DESC, site_id) AS next_starts_at
	FROM (
		SELECT *, local AT TIME ZONE time_zone AS starts_at
		FROM (SELECT *, generate_series(day + start, day + "end" - length, length) AS local FROM openings WHERE is_irregular) wall_clock
	) instants
	WHERE starts_at AT TIME ZONE time_zone = local
),
grid AS (
	SELECT doctor_id, site_id, starts_at, starts_at + length AS ends_at
	FROM regular, moment
	WHERE starts_at > now AND (from_at IS NULL OR starts_at >= from_at) AND (until_at IS NULL OR starts_at < until_at)
	UNION ALL
	SELECT doctor_id, site_id, starts_at, starts_at + length
	FROM irregular, moment
	WHERE starts_at > now AND (from_at IS NULL OR starts_at >= from_at) AND (until_at IS NULL OR starts_at < until_at)
		AND ahead <= :days::integer AND (next_starts_at IS NULL OR starts_at + length <= next_starts_at)
)
