-- The slots that the schedules ask for: a WITH clause; the statement that uses it follows.
--
-- Wall-clock times are the doctor's. When clocks go forward, the grid leaves out the starts that they skip; when clocks go
-- back, it takes a repeated start once (the second, as AT TIME ZONE reads it). A slot always lasts its minutes of elapsed
-- time: the grid leaves out a slot that would run into the next one because clocks go forward within it.
WITH moment AS (
	SELECT coalesce(:now::timestamptz, statement_timestamp()) AS now
),
schedules AS MATERIALIZED (
	SELECT s.doctor_id, d.time_zone, s.weekly, s.valid_from, s.valid_until,
		make_interval(mins => s.slot_minutes) AS length
	FROM doctor_schedules s
	JOIN doctors d ON d.id = s.doctor_id
	WHERE s.doctor_id = ANY (:doctorIds::bigint[])
),
-- One more day at either end, for clocks that go back over midnight, and for a slot that would run into the next day.
dates AS (
	SELECT time_zone, ahead, (now AT TIME ZONE time_zone)::date + ahead AS day
	FROM (SELECT DISTINCT time_zone FROM schedules) zones, moment, generate_series(-1, :days::integer + 1) AS ahead
),
midnights AS (
	SELECT *, day::timestamp AT TIME ZONE time_zone AS midnight,
		(day::timestamp AT TIME ZONE time_zone) AT TIME ZONE time_zone <> day::timestamp
			OR (day + 1)::timestamp AT TIME ZONE time_zone <> day::timestamp AT TIME ZONE time_zone + interval '24 hours'
			AS clocks_change
	FROM dates
),
-- Most days have 24 hours. On these, midnight plus the time of day gives the instant, far cheaper than a time zone look-up for each slot.
days AS MATERIALIZED (
	SELECT time_zone, ahead, day, midnight, extract(isodow FROM day)::integer AS weekday,
		clocks_change OR lag(clocks_change, 1, false) OVER (PARTITION BY time_zone ORDER BY day) AS is_irregular
	FROM midnights
),
openings AS MATERIALIZED (
	SELECT s.doctor_id, s.time_zone, s.length, d.ahead, d.day, d.midnight, d.is_irregular, h.start, h."end"
	FROM schedules s
	CROSS JOIN LATERAL jsonb_to_recordset(s.weekly) AS h (weekday integer, start interval, "end" interval)
	JOIN days d ON d.time_zone = s.time_zone AND d.weekday = h.weekday
	WHERE (s.valid_from IS NULL OR d.day >= s.valid_from) AND (s.valid_until IS NULL OR d.day <= s.valid_until)
),
regular AS (
	SELECT doctor_id, ahead, length, generate_series(midnight + start, midnight + "end" - length, length) AS starts_at
	FROM openings
	WHERE NOT is_irregular AND ahead <= :days::integer
),
irregular AS (
	SELECT doctor_id, ahead, length, starts_at, lead(starts_at) OVER (PARTITION BY doctor_id ORDER BY starts_at) AS next_starts_at
	FROM (
		SELECT *, local AT TIME ZONE time_zone AS starts_at
		FROM (SELECT *, generate_series(day + start, day + "end" - length, length) AS local FROM openings WHERE is_irregular) wall_clock
	) instants
	WHERE starts_at AT TIME ZONE time_zone = local
),
grid AS (
	SELECT doctor_id, starts_at, starts_at + length AS ends_at
	FROM regular, moment
	WHERE starts_at > now
	UNION ALL
	SELECT doctor_id, starts_at, starts_at + length
	FROM irregular, moment
	WHERE starts_at > now AND ahead <= :days::integer AND (next_starts_at IS NULL OR starts_at + length <= next_starts_at)
)
