import { type AppointmentStatus, Language } from '../../contract/index.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { FeedFace, FeedVisit } from '../reminders/visit-calendar.ts'
import { type ClinicFace, languageOfClinic, type VisitFace } from '../reminders/visit-face.ts'

/** Reads the visits that a feed shows: of the last month and all to come, without cancelled ones. */
export async function readVisits(run: Run, owner: FeedOwner, nowMs: number): Promise<FeedFace & { visits: FeedVisit[] }> {
	const [clinic] = await run<{ face: ClinicFace; language: string | null }>(clinicStatement, [owner.patientId])
	const face = clinic?.face as ClinicFace
	const language = Language.safeParse(clinic?.language).data ?? languageOfClinic(face)
	const statement = owner.role === 'doctor' ? doctorStatement : patientStatement
	const ownerId = owner.role === 'doctor' ? owner.userId : owner.patientId
	const rows = await run<Row>(statement, [ownerId, nowMs - pastMs, language, maxVisits])
	return {
		name: face.name,
		language,
		visits: rows.map(row => ({
			id: row.id,
			sequence: row.sequence,
			status: row.status,
			startsAtMs: Number(row.starts_ms),
			endsAtMs: Number(row.ends_ms),
			updatedAtMs: Number(row.updated_ms),
			face: row.face,
			...(owner.names && { who: row.who }),
		})),
	}
}

export type FeedOwner = {
	userId: string
	role: 'patient' | 'doctor'
	patientId: string | null
	names: boolean
	createdMs: string
	/** How often something has changed for this owner in the last days, and the last change. */
	changes: string
}

const pastMs = 30 * 86_400_000
const maxVisits = 3000

type Row = {
	id: string
	sequence: number
	status: AppointmentStatus
	starts_ms: string
	ends_ms: string
	updated_ms: string
	who: string
	face: VisitFace
}

const clinicStatement = {
	name: 'feed_clinic',
	text: 'SELECT clinic_face() AS face, (SELECT language FROM patients WHERE id = $1) AS language',
}

const visitsOf = (name: string, owner: string, who: string) => ({
	name,
	text: `
		SELECT a.id::text, a.sequence, a.status, ${who} AS who, visit_face(a.id, $3) AS face,
			(extract(epoch FROM a.starts_at) * 1000)::bigint::text AS starts_ms,
			(extract(epoch FROM a.ends_at) * 1000)::bigint::text AS ends_ms,
			(extract(epoch FROM a.updated_at) * 1000)::bigint::text AS updated_ms
		FROM appointments a
		JOIN patients p ON p.id = a.patient_id
		JOIN users u ON u.id = a.doctor_id
		WHERE a.${owner} = $1 AND a.starts_at >= to_timestamp($2::bigint / 1000.0) AND a.status <> 'cancelled'
		ORDER BY a.starts_at, a.id
		LIMIT $4`,
})

const doctorStatement = visitsOf('feed_of_doctor', 'doctor_id', 'p.full_name')
const patientStatement = visitsOf('feed_of_patient', 'patient_id', 'u.full_name')
