-- Free slots between two dates of each doctor's zone, of active doctors whom the filters name, with the local date and, of a type with a
-- limit of visits a day ($7), how many visits of it the doctor has on that date.
SELECT s.doctor_id::text,
       (extract(epoch FROM s.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM s.ends_at) / 60)::int AS end_minute,
       to_char(s.starts_at AT TIME ZONE d.time_zone, 'YYYY-MM-DD') AS date,
       extract(hour FROM s.starts_at AT TIME ZONE d.time_zone) < 12 AS is_morning,
       d.full_name
FROM (
    SELECT d.id, d.time_zone, u.full_name
    FROM doctors d
    JOIN users u ON u.id = d.id AND u.status = 'active' AND u.role = 'doctor'
    WHERE ($3::bigint[] IS NULL OR d.id = ANY ($3::bigint[]))
      AND ($4::text[] IS NULL OR lower(d.specialty) = ANY ($4::text[]))
) d
CROSS JOIN LATERAL (
    SELECT s.doctor_id, s.starts_at, s.ends_at
    FROM appointment_slots s
    WHERE s.doctor_id = d.id
      AND s.starts_at >= greatest($1::date::timestamp AT TIME ZONE d.time_zone, now())
      AND s.starts_at < ($2::date + 1)::timestamp AT TIME ZONE d.time_zone
      AND s.appointment_id IS NULL AND s.offer_id IS NULL AND NOT s.is_blocked
      AND ($5::bigint IS NULL OR s.site_id = $5::bigint)
    OFFSET 0
) s
WHERE $6::int IS NULL OR $6 > (
    SELECT count(*)
    FROM appointments a
    WHERE a.doctor_id = s.doctor_id AND a.type_id = $7::bigint AND a.status <> 'cancelled'
      AND a.starts_at >= (s.starts_at AT TIME ZONE d.time_zone)::date::timestamp AT TIME ZONE d.time_zone
      AND a.starts_at < ((s.starts_at AT TIME ZONE d.time_zone)::date + 1)::timestamp AT TIME ZONE d.time_zone
)
ORDER BY s.starts_at, s.doctor_id
LIMIT $8
