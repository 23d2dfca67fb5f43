-- Visits of doctors that are due soon, or have been for a few minutes, and whose patients have not arrived.
SELECT doctor_id::text, type_id::text, starts_at, extract(epoch FROM ends_at - starts_at)::float8 / 60 AS planned_minutes
FROM appointments
WHERE doctor_id = ANY ($1) AND status = 'booked' AND starts_at BETWEEN now() - interval '15 minutes' AND now() + interval '12 hours'
