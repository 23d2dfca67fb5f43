-- Doctors with a coming slot that was left over and whose visit is gone. About how many slots a day: plenty.
SELECT DISTINCT doctor_id AS "doctorId", 100.0::float8 AS "slotsPerDay"
FROM appointment_slots
WHERE is_leftover AND appointment_id IS NULL AND offer_id IS NULL AND starts_at > now()
ORDER BY doctor_id
