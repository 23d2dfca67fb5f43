import type { DbOrTx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'

/** Whose data it is: a patient file, and the account that it belongs to, if any. */
export type Subject = { patientId: string; userId: string | null; role: string | null; isErasing: boolean }

export const findSubject = async (db: DbOrTx, patientId: string): Promise<Subject | undefined> => {
	if (!isDatabaseId(patientId)) return undefined
	const row = await db('patients as p')
		.leftJoin('users as u', 'u.id', 'p.user_id')
		.where({ 'p.id': patientId })
		.first('p.id as patientId', 'p.user_id as userId', 'u.role', db.raw('p.erasure_asked_at IS NOT NULL AS "isErasing"'))
	return row
}
