import type { Doctor, Page } from '../../contract/index.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import type { DbOrTx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'

/** A doctor with an active account: only these take appointments. */
export async function findActiveDoctor(db: DbOrTx, id: string): Promise<Doctor | undefined> {
	return isDatabaseId(id) ? await doctors(db).where({ 'doctors.id': id, 'users.status': 'active' }).first() : undefined
}

/** The doctor as the caller may see them: those who plan a calendar see its doctor before the approval too. @throws Refusal not_found */
export async function doctorToShow(db: DbOrTx, doctorId: string, actor: Actor | null): Promise<Doctor> {
	const seesAll = isStaff(actor) || actor?.userId === doctorId
	const doctor = await (seesAll ? findDoctor(db, doctorId) : findActiveDoctor(db, doctorId))
	if (!doctor) throw new Refusal('not_found')
	return doctor
}

/**
 * Finds the doctor whose calendar the caller wants to change, active or not: an admin may prepare it before the approval.
 *
 * @throws Refusal forbidden when `allowed` is false; not_found
 */
export async function doctorToPlan(db: DbOrTx, doctorId: string, allowed: boolean): Promise<Doctor> {
	if (!allowed) throw new Refusal('forbidden')
	const doctor = await findDoctor(db, doctorId)
	if (!doctor) throw new Refusal('not_found')
	return doctor
}

export type DoctorQuery = { q?: string | undefined; specialty?: string | undefined; cursor?: string | undefined; limit: number }

/** @throws Refusal invalid_input for a broken cursor, or a text that PostgreSQL cannot search for */
export async function listDoctors(db: DbOrTx, { q, specialty, cursor, limit }: DoctorQuery): Promise<Page<Doctor>> {
	refuseNul('q', q)
	refuseNul('specialty', specialty)
	const query = doctors(db)
		.where('users.status', 'active')
		.orderBy(['users.full_name', 'doctors.id'])
		.limit(limit + 1)
	if (q) query.where(either => either.whereILike('users.full_name', containing(q)).orWhereILike('doctors.specialty', containing(q)))
	if (specialty) query.whereRaw('lower(doctors.specialty) = lower(?)', [specialty])
	if (cursor) {
		const [name = '', id = ''] = decodeCursor(cursor, 2)
		refuseNul('cursor', name)
		if (!isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(users.full_name, doctors.id) > (?, ?::bigint)', [name, id])
	}
	const rows: Doctor[] = await query
	return toPage(
		rows,
		limit,
		row => row,
		row => [row.fullName, row.id],
	)
}

/** A doctor in any status. Undefined when the id belongs to no doctor. */
export async function findDoctor(db: DbOrTx, id: string): Promise<Doctor | undefined> {
	return isDatabaseId(id) ? await doctors(db).where('doctors.id', id).first() : undefined
}

function doctors(db: DbOrTx) {
	return db('doctors')
		.join('users', 'users.id', 'doctors.id')
		.where('users.role', 'doctor')
		.select({ id: 'doctors.id', fullName: 'users.full_name', specialty: 'doctors.specialty', timeZone: 'doctors.time_zone' })
}

/** PostgreSQL's text type holds every character except NUL. */
function refuseNul(path: string, text: string | undefined) {
	if (text?.includes('\0')) throw invalidInput(path, 'must not contain control characters')
}

const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`
