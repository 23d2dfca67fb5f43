-- All coming slots of a doctor that have no visit: whether they are to be had depends on the doctor's account.
INSERT INTO calendar_announcements (doctor_id, slot_starts)
SELECT doctor_id, CASE WHEN count(*) <= :maxSlots THEN array_agg(starts_at ORDER BY starts_at) END
FROM appointment_slots
WHERE doctor_id = :doctorId AND starts_at > now() AND appointment_id IS NULL
GROUP BY doctor_id
