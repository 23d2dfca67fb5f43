-- How many visits of a type a doctor has on the local day of a minute, and that day's bounds.
SELECT asked.doctor_id::text, asked.type_id::text, asked.minute,
       (extract(epoch FROM day.starts_at) / 60)::int AS from_minute,
       (extract(epoch FROM day.ends_at) / 60)::int AS until_minute,
       (
           SELECT count(*)
           FROM appointments a
           WHERE a.doctor_id = asked.doctor_id AND a.type_id = asked.type_id AND a.status <> 'cancelled'
             AND a.starts_at >= day.starts_at AND a.starts_at < day.ends_at
       )::int AS visits
FROM unnest($1::bigint[], $2::bigint[], $3::int[]) AS asked (doctor_id, type_id, minute)
JOIN doctors d ON d.id = asked.doctor_id
CROSS JOIN LATERAL (SELECT (to_timestamp(asked.minute * 60.0) AT TIME ZONE d.time_zone)::date AS date) local
CROSS JOIN LATERAL (
    SELECT local.date::timestamp AT TIME ZONE d.time_zone AS starts_at, (local.date + 1)::timestamp AT TIME ZONE d.time_zone AS ends_at
) day
