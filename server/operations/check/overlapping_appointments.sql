-- Promise 1: no two active appointments of one doctor or one patient overlap, but for a doctor's extra visits and walk-ins. In the order of starts, an appointment overlaps an
-- earlier one exactly when it starts before the latest end so far; only then does the statement search for the other one.
WITH active AS MATERIALIZED (
	SELECT id, doctor_id, patient_id, starts_at, ends_at, kind AS visit FROM appointments WHERE status NOT IN ('cancelled', 'no_show')
),
times AS (
	SELECT 'doctor' AS kind, doctor_id AS who, id, starts_at, ends_at FROM active WHERE visit = 'slot'
	UNION ALL
	SELECT 'patient', patient_id, id, starts_at, ends_at FROM active
),
late AS MATERIALIZED (
	SELECT * FROM (
		SELECT *, max(ends_at) OVER (
			PARTITION BY kind, who ORDER BY starts_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
		) AS busy_until
		FROM times
	) in_order
	WHERE busy_until > starts_at
)
SELECT format('appointments %s and %s of %s %s overlap', other.id, late.id, late.kind, late.who) AS finding
FROM late
JOIN times other ON other.kind = late.kind AND other.who = late.who AND other.ends_at > late.starts_at
	AND (other.starts_at, other.id) < (late.starts_at, late.id)
