import { type Actor, isStaff } from '../identity/actor.ts'
import type { DbOrTx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'

/** Whose calendar it is, in which zone. */
export type PlannedDoctor = { id: string; fullName: string; specialty: string; timeZone: string }

/** A doctor with an active account: only these take appointments. */
async function findActiveDoctor(db: DbOrTx, id: string): Promise<PlannedDoctor | undefined> {
	return isDatabaseId(id) ? await doctors(db).where({ 'doctors.id': id, 'users.status': 'active' }).first() : undefined
}

/** Finds a doctor. Staff, and the doctor, may plan the calendar, so they see a doctor before the approval too. @throws Refusal not_found */
export async function doctorToShow(db: DbOrTx, doctorId: string, actor: Actor | null): Promise<PlannedDoctor> {
	const seesAll = isStaff(actor) || actor?.userId === doctorId
	const doctor = await (seesAll ? findDoctor(db, doctorId) : findActiveDoctor(db, doctorId))
	if (!doctor) throw new Refusal('not_found')
	return doctor
}

/**
 * Finds the doctor whose calendar the caller wants to change, active or not: an admin may prepare a calendar before the approval.
 *
 * @throws Refusal forbidden when `allowed` is false; not_found
 */
export async function doctorToPlan(db: DbOrTx, doctorId: string, allowed: boolean): Promise<PlannedDoctor> {
	if (!allowed) throw new Refusal('forbidden')
	const doctor = await findDoctor(db, doctorId)
	if (!doctor) throw new Refusal('not_found')
	return doctor
}

/** A doctor in any status. Undefined when the id belongs to no doctor. */
async function findDoctor(db: DbOrTx, id: string): Promise<PlannedDoctor | undefined> {
	return isDatabaseId(id) ? await doctors(db).where('doctors.id', id).first() : undefined
}

function doctors(db: DbOrTx) {
	return db('doctors')
		.join('users', 'users.id', 'doctors.id')
		.where('users.role', 'doctor')
		.select({ id: 'doctors.id', fullName: 'users.full_name', specialty: 'doctors.specialty', timeZone: 'doctors.time_zone' })
}
