-- No two slots of a doctor overlap.
SELECT format('slots %s and %s of doctor %s overlap', previous, starts_at, doctor_id) AS finding
FROM (
	SELECT doctor_id, starts_at,
		lag(starts_at) OVER earlier AS previous,
		lag(ends_at) OVER earlier AS previous_end
	FROM (
		SELECT doctor_id, starts_at, ends_at FROM appointment_slots
		UNION ALL
		SELECT doctor_id, starts_at, ends_at FROM archived_slots
	) slots
	WINDOW earlier AS (PARTITION BY doctor_id ORDER BY starts_at)
) pairs
WHERE previous_end > starts_at
