-- Promise 1: no two active appointments overlap for one doctor or one patient.
SELECT format('appointments %s and %s of %s %s overlap', a.id, b.id, who.kind, who.id) AS finding
FROM appointments a
JOIN appointments b ON a.id < b.id AND a.during && b.during AND (a.doctor_id = b.doctor_id OR a.patient_id = b.patient_id)
CROSS JOIN LATERAL (
	SELECT CASE WHEN a.doctor_id = b.doctor_id THEN 'doctor' ELSE 'patient' END AS kind,
		CASE WHEN a.doctor_id = b.doctor_id THEN a.doctor_id ELSE a.patient_id END AS id
) who
WHERE a.status NOT IN ('cancelled', 'no_show') AND b.status NOT IN ('cancelled', 'no_show')
