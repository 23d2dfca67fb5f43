-- Visits of today, by the clock of their site: those in line, and those booked that may still come. $1 a doctor, or else $2 a site.
SELECT v.ticket, a.id::text AS appointment_id, a.doctor_id::text, a.patient_id::text, a.type_id::text, p.full_name AS patient_name,
       a.starts_at, a.status, v.checked_in_at, v.called_at, v.room, v.stepped_out_at, v.started_at,
       extract(epoch FROM a.ends_at - a.starts_at)::float8 / 60 AS planned_minutes
FROM appointments a
JOIN patients p ON p.id = a.patient_id
JOIN visit_times v ON v.appointment_id = a.id
JOIN sites s ON s.id = v.site_id
WHERE v.day = (now() AT TIME ZONE s.time_zone)::date
  AND a.status IN ('checked_in', 'in_progress')
  AND ($2::bigint IS NULL OR v.site_id = $2)
  AND ($1::bigint IS NULL OR (a.doctor_id = $1 AND a.starts_at BETWEEN now() - interval '36 hours' AND now() + interval '36 hours'))
