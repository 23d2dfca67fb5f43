-- The slots that the schedules ask for: a WITH clause, to be followed by the statement that uses it.
--
-- Wall-clock times are the doctor's. A start that a DST change skips is left out, a repeated one is taken once (its
-- second pass, as AT TIME ZONE reads it), and a slot always lasts its minutes of elapsed time. A slot that is longer on
-- the clock than its minutes, because the clocks go forward in the middle of it, gives way to the slot it would run into.
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
-- One day more than asked for at either end: for the clocks that go back over midnight, and for the slot that runs into the next day.
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
-- Most days have 24 hours. On them an instant is midnight plus the time of day, which is far cheaper than asking the time zone about each slot.
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
