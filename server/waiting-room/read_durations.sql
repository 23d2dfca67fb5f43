-- How long visits of a doctor took lately: the last twenty of each type within two months, in minutes, and as a part of their plan.
SELECT doctor_id::text, type_id::text, count(*)::int AS visits,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY minutes) AS quick,
       percentile_cont(0.75) WITHIN GROUP (ORDER BY minutes) AS slow,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes / planned) AS part
FROM (
    SELECT a.doctor_id, a.type_id, extract(epoch FROM v.ended_at - v.started_at)::float8 / 60 AS minutes,
           extract(epoch FROM a.ends_at - a.starts_at)::float8 / 60 AS planned,
           row_number() OVER (PARTITION BY a.doctor_id, a.type_id ORDER BY v.started_at DESC) AS age
    FROM appointments a
    JOIN visit_times v ON v.appointment_id = a.id
    WHERE a.doctor_id = ANY ($1) AND a.starts_at > now() - interval '60 days' AND a.status = 'completed'
      AND v.started_at IS NOT NULL AND v.ended_at IS NOT NULL
      AND v.ended_at - v.started_at BETWEEN interval '1 minute' AND interval '4 hours'
) recent
WHERE age <= 20
GROUP BY doctor_id, type_id
