import type { DbOrTx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'

/** The person whose data is exported or erased: a patient file, and its account if there is one. */
export type Subject = { patientId: string; userId: string | null; role: string | null; isErasing: boolean }

export async function findSubject(db: DbOrTx, patientId: string): Promise<Subject | undefined> {
	if (!isDatabaseId(patientId)) return undefined
	const row = await db('patients as p')
		.leftJoin('users as u', 'u.id', 'p.user_id')
		.where({ 'p.id': patientId })
		.first('p.id as patientId', 'p.user_id as userId', 'u.role', db.raw('p.erasure_asked_at IS NOT NULL AS "isErasing"'))
	return row
}
