-- The slots of a patient's visits, as far back as a calendar shows them, because staff see the patient's name on them.
INSERT INTO calendar_announcements (doctor_id, slot_starts)
SELECT doctor_id, array_agg(starts_at ORDER BY starts_at)
FROM (
    SELECT doctor_id, unnest(slot_starts) AS starts_at
    FROM appointments
    WHERE patient_id = :patientId AND status <> 'cancelled' AND ends_at > now() - make_interval(days => :shownDays)
) visit
GROUP BY doctor_id
