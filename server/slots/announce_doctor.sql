-- All coming slots of a doctor without a visit: the state of the doctor's account decides whether these can be booked.
INSERT INTO calendar_announcements (doctor_id, slot_starts)
SELECT doctor_id, CASE WHEN count(*) <= :maxSlots THEN array_agg(starts_at ORDER BY starts_at) END
FROM appointment_slots
WHERE doctor_id = :doctorId AND starts_at > now() AND appointment_id IS NULL
GROUP BY doctor_id
