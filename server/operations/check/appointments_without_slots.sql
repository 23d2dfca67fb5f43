-- An appointment that is not cancelled has every slot that it names, in the calendar or in the archive.
SELECT format('appointment %s has not its slot %s of doctor %s', a.id, named.starts_at, a.doctor_id) AS finding
FROM appointments a
CROSS JOIN unnest(a.slot_starts) AS named (starts_at)
LEFT JOIN appointment_slots s ON s.doctor_id = a.doctor_id AND s.starts_at = named.starts_at
LEFT JOIN archived_slots old ON old.doctor_id = a.doctor_id AND old.starts_at = named.starts_at
WHERE a.status <> 'cancelled' AND s.appointment_id IS DISTINCT FROM a.id AND old.appointment_id IS DISTINCT FROM a.id
UNION ALL
SELECT format('appointment %s does not start with the first of its slots', id)
FROM appointments
WHERE kind = 'slot' AND slot_starts[1] IS DISTINCT FROM starts_at
UNION ALL
SELECT format('appointment %s is beside the slots and names one', id)
FROM appointments
WHERE kind <> 'slot' AND cardinality(slot_starts) > 0
