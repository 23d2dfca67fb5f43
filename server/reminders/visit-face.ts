import { type Address, Language } from '../../contract/index.ts'
import type { DbOrTx } from '../platform/database/database.ts'

/** Who the clinic is, as letters, pages and calendar entries show it. */
export type ClinicFace = {
	name: string
	locale: string
	address?: Address
	phone?: string
	website?: string
	privacyUrl?: string
	imprintUrl?: string
	accent?: string
	/** Below the server's address. */
	logoUrl?: string
}

/** What a visit is beside its time and its doctor, in the reader's language where the clinic has given one. */
export type VisitFace = {
	clinic: ClinicFace
	place?: { name: string; address?: Address; phone?: string; directions?: string }
	typeName: string
	price?: string
	instructions?: string
}

export async function readClinicFace(db: DbOrTx): Promise<ClinicFace> {
	const { rows } = await db.raw<{ rows: { face: ClinicFace }[] }>('SELECT clinic_face() AS face')
	return rows[0]?.face as ClinicFace
}

/** In the language of the visit's patient. */
export async function readVisitFace(db: DbOrTx, appointmentId: string): Promise<VisitFace & { language: Language; doctorName: string }> {
	const row = await db('appointments as a')
		.join('patients as p', 'p.id', 'a.patient_id')
		.join('users as u', 'u.id', 'a.doctor_id')
		.where({ 'a.id': appointmentId })
		.first('p.language', 'u.full_name as doctor_name', db.raw('visit_face(a.id, p.language) AS face'))
	return { ...row.face, language: row.language, doctorName: row.doctor_name }
}

/** The language for readers who have chosen none. */
export const languageOfClinic = ({ locale }: ClinicFace): Language => Language.safeParse(locale.split('-')[0]).data ?? 'en'

/** Whom to call about a visit: its site, or else the clinic. */
export const phoneOf = ({ clinic, place }: Pick<VisitFace, 'clinic' | 'place'>): string | undefined => place?.phone ?? clinic.phone

export const addressOf = ({ clinic, place }: Pick<VisitFace, 'clinic' | 'place'>): Address | undefined =>
	place ? place.address : clinic.address
