import type { DoctorsPatient, PatientCard, Role, VisitOfPatient } from '../../contract/index.ts'
import { type Db, readSql } from '../platform/database/database.ts'
import { type FileRow, fileColumns, type PatientRow, toPatient } from './store.ts'

/** How long a merge can be undone. */
export const undoDays = 7

/** What is late where the clinic has no cut-off. */
const dayMinutes = 1440

/** The patient with what the desk knows; undefined without such a file. `cutoffMinutes` is the clinic's, for late cancellations. */
export async function readCard(db: Db, id: string, cutoffMinutes: number): Promise<PatientCard | undefined> {
	const { rows } = await db.raw<{ rows: CardRow[] }>(card, { id, cutoffMinutes: cutoffMinutes || dayMinutes, undoDays })
	const [row] = rows
	if (!row) return undefined
	return {
		...toPatient(row),
		noShows: row.no_shows,
		cancelledLate: row.cancelled_late,
		lastVisit: row.last_visit && toVisit(row.last_visit),
		nextVisit: row.next_visit && toVisit(row.next_visit),
		...knownOf(row),
		mayBookOnline: row.may_book_online,
		lastChange: row.changed_at && {
			at: row.changed_at.toISOString(),
			...(row.changed_by && row.changed_by_role && { by: { name: row.changed_by, role: row.changed_by_role } }),
		},
		lastMerge: row.merged_at && {
			fullName: row.merged_file?.full_name ?? '',
			...(row.merged_file?.phone && { phone: row.merged_file.phone }),
			at: row.merged_at.toISOString(),
			undoUntil: new Date(row.merged_at.getTime() + undoDays * 86_400_000).toISOString(),
		},
	}
}

/** The patient as a doctor sees them; undefined for a patient without visits in the doctor's calendar. */
export async function readForDoctor(db: Db, patientId: string, doctorId: string): Promise<DoctorsPatient | undefined> {
	const { rows: visits } = await db.raw<{ rows: VisitRow[] }>(visitsAtDoctor, { patientId, doctorId })
	if (visits.length === 0) return undefined
	const row: FileRow | undefined = await db('patients').where({ id: patientId }).whereNull('erasure_asked_at').first(fileColumns)
	if (!row) return undefined
	const { id, fullName, phone, birthDate } = toPatient(row)
	return {
		id,
		fullName,
		...(phone && { phone }),
		...(birthDate && { birthDate }),
		...knownOf(row),
		noShows: visits.filter(({ status }) => status === 'no_show').length,
		visits: visits.map(toVisit),
	}
}

const card = readSql('card.sql', import.meta.url)

const visitsAtDoctor = `
	SELECT a.id::text, a.doctor_id::text, u.full_name AS doctor_name, t.name AS type_name, a.starts_at, a.ends_at, d.time_zone, a.status, a.reason
	FROM appointments a
	JOIN doctors d ON d.id = a.doctor_id
	JOIN users u ON u.id = a.doctor_id
	JOIN appointment_types t ON t.id = a.type_id
	WHERE a.patient_id = :patientId AND a.doctor_id = :doctorId
	ORDER BY a.starts_at DESC, a.id DESC
	LIMIT 100`

type CardRow = PatientRow & {
	notes: string | null
	tags: string[]
	may_book_online: boolean
	no_shows: number
	cancelled_late: number
	last_visit: VisitRow | null
	next_visit: VisitRow | null
	changed_at: Date | null
	changed_by: string | null
	changed_by_role: Role | null
	merged_at: Date | null
	merged_file: { full_name: string; phone: string | null } | null
}

/** As a row, or as the JSON that PostgreSQL makes of one. */
type VisitRow = {
	id: string
	doctor_id: string
	doctor_name: string
	type_name: string
	starts_at: Date | string
	ends_at: Date | string
	time_zone: string
	status: VisitOfPatient['status']
	reason: string | null
}

function toVisit(row: VisitRow): VisitOfPatient {
	return {
		id: row.id,
		doctorId: row.doctor_id,
		doctorName: row.doctor_name,
		typeName: row.type_name,
		startsAt: new Date(row.starts_at).toISOString(),
		endsAt: new Date(row.ends_at).toISOString(),
		timeZone: row.time_zone,
		status: row.status,
		...(row.reason !== null && { reason: row.reason }),
	}
}

function knownOf({ notes, tags }: Pick<FileRow, 'notes' | 'tags'>): { notes: string; tags: string[] } {
	return { notes: notes ?? '', tags }
}
