-- Patients with their active appointments that touch a span of time, without patients who asked to be erased. An appointment lasts
-- eight hours at most, which bounds the index range. OFFSET makes PostgreSQL read patient by patient: it cannot know how many
-- appointments a clinic has in that span, and on a busy day it would read all of them.
WITH wanted AS (
    SELECT unnest($1::bigint[]) AS id
    UNION
    SELECT a.patient_id FROM appointments a WHERE a.id = ANY ($2::bigint[])
)
SELECT p.id::text AS patient_id, p.full_name AS name, p.user_id::text,
       a.id::text AS appointment_id,
       (extract(epoch FROM a.starts_at) / 60)::int AS start_minute,
       (extract(epoch FROM a.ends_at) / 60)::int AS end_minute,
       CASE WHEN $5 THEN (
           SELECT count(*)
           FROM appointments u
           WHERE u.patient_id = p.id AND u.starts_at > now() AND u.status IN ('booked', 'checked_in')
       ) END::int AS upcoming
FROM wanted
JOIN patients p ON p.id = wanted.id AND p.erasure_asked_at IS NULL
LEFT JOIN LATERAL (
    SELECT id, starts_at, ends_at
    FROM appointments
    WHERE patient_id = p.id
      AND status NOT IN ('cancelled', 'no_show')
      AND starts_at > to_timestamp($3 * 60.0) - interval '8 hours'
      AND starts_at < to_timestamp($4 * 60.0)
      AND ends_at > to_timestamp($3 * 60.0)
    OFFSET 0
) a ON true
