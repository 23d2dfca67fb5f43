-- How many days ahead the doctors' last slot and last appointment lie, rounded up to cover the last day of every zone.
WITH moment AS (
	SELECT coalesce(:now::timestamptz, statement_timestamp()) AS now
),
last AS (
	SELECT
		max((SELECT starts_at FROM appointment_slots WHERE doctor_id = doctor.id ORDER BY starts_at DESC LIMIT 1)) AS slot,
		max((SELECT starts_at FROM appointments WHERE doctor_id = doctor.id ORDER BY starts_at DESC LIMIT 1)) AS appointment
	FROM unnest(:doctorIds::bigint[]) AS doctor (id)
)
SELECT
	ceil(extract(epoch FROM slot - now) / 86400)::integer + 1 AS "slotDays",
	ceil(extract(epoch FROM appointment - now) / 86400)::integer + 1 AS "appointmentDays"
FROM last, moment
