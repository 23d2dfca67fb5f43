import { toCsv } from '../../contract/csv.ts'
import type { Db } from '../platform/database/database.ts'
import { invalidInput } from '../platform/refusal.ts'

/** The appointments between two dates, both inclusive, in each doctor's zone, as a file. @throws Refusal invalid_input when too many */
export async function readVisitsFile(db: Db, { from, to, doctorId }: { from: string; to: string; doctorId: string | undefined }) {
	const { rows } = await db.raw<{ rows: Record<(typeof columns)[number], string | number | null>[] }>(visitsSql, {
		from,
		to,
		doctorId: doctorId ?? null,
		atMost: maxRows + 1,
	})
	if (rows.length > maxRows) throw invalidInput('to', `gives more than ${maxRows} appointments: choose a shorter span`)
	return toCsv(
		columns,
		rows.map(row => columns.map(column => row[column])),
	)
}

const maxRows = 50_000

const columns = [
	'id',
	'date',
	'start',
	'end',
	'time_zone',
	'doctor',
	'type',
	'patient_id',
	'patient',
	'status',
	'booked_by',
	'booked_at',
	'moves',
] as const

const visitsSql = `
	SELECT a.id::text AS id, to_char(a.starts_at AT TIME ZONE d.time_zone, 'YYYY-MM-DD') AS date,
		to_char(a.starts_at AT TIME ZONE d.time_zone, 'HH24:MI') AS start, to_char(a.ends_at AT TIME ZONE d.time_zone, 'HH24:MI') AS end,
		d.time_zone, doctor.full_name AS doctor, t.name AS type, a.patient_id::text, p.full_name AS patient, a.status,
		CASE booker.role WHEN 'patient' THEN 'online' WHEN 'doctor' THEN 'doctor' ELSE 'desk' END AS booked_by,
		to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS booked_at, a.moves
	FROM doctors d
	JOIN users doctor ON doctor.id = d.id
	JOIN appointments a ON a.doctor_id = d.id
		AND a.starts_at >= CAST(:from AS date)::timestamp AT TIME ZONE d.time_zone
		AND a.starts_at < (CAST(:to AS date) + 1)::timestamp AT TIME ZONE d.time_zone
	JOIN users booker ON booker.id = a.booked_by
	JOIN patients p ON p.id = a.patient_id
	JOIN appointment_types t ON t.id = a.type_id
	WHERE CAST(:doctorId AS bigint) IS NULL OR d.id = CAST(:doctorId AS bigint)
	ORDER BY a.starts_at, a.id
	LIMIT :atMost`
