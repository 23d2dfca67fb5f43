-- A patient's file with what their visits say of them. A visit that was booked and at once taken back counts for nothing, nor does
-- one that the doctor cancelled.
WITH visits AS (
    SELECT a.id::text, a.doctor_id::text, u.full_name AS doctor_name, t.name AS type_name, a.starts_at, a.ends_at, d.time_zone, a.status,
           a.reason, a.updated_at
    FROM appointments a
    JOIN doctors d ON d.id = a.doctor_id
    JOIN users u ON u.id = a.doctor_id
    JOIN appointment_types t ON t.id = a.type_id
    WHERE a.patient_id = :id
)
SELECT p.id, p.user_id, p.full_name, p.phone, p.email, p.birth_date, p.notes, p.tags, p.may_book_online,
       (SELECT count(*) FROM visits WHERE status = 'no_show')::int AS no_shows,
       (
           SELECT count(*)
           FROM visits v
           WHERE v.status = 'cancelled' AND v.updated_at > v.starts_at - make_interval(mins => :cutoffMinutes)
             AND NOT EXISTS (
                 SELECT FROM audit_log l
                 WHERE l.entity = 'appointment' AND l.entity_id = v.id
                   AND (l.action = 'undone' AND l.details ->> 'undoes' = 'booked' OR l.action = 'cancelled' AND l.actor_id::text = v.doctor_id)
             )
       )::int AS cancelled_late,
       (
           SELECT to_json(v) FROM visits v
           WHERE v.starts_at <= now() AND v.status NOT IN ('cancelled', 'no_show') ORDER BY v.starts_at DESC LIMIT 1
       ) AS last_visit,
       (
           SELECT to_json(v) FROM visits v
           WHERE v.starts_at > now() AND v.status IN ('booked', 'checked_in') ORDER BY v.starts_at LIMIT 1
       ) AS next_visit,
       c.at AS changed_at, c.full_name AS changed_by, c.role AS changed_by_role, m.merged_at, m.merged_file
FROM patients p
LEFT JOIN LATERAL (
    SELECT c.at, u.full_name, u.role
    FROM patient_changes c
    LEFT JOIN users u ON u.id = c.changed_by
    WHERE c.patient_id = p.id ORDER BY c.id DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT merged_at, merged_file
    FROM patient_merges
    WHERE kept_id = p.id AND merged_at > now() - make_interval(days => :undoDays) ORDER BY id DESC LIMIT 1
) m ON true
WHERE p.id = :id AND p.erasure_asked_at IS NULL
