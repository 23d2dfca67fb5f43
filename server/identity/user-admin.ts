import type { z } from 'zod'
import type { identityEndpoints } from '../../contract/index.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, ensureProfile, insertAccount, lockAccount, lockActiveAdmins, updateAccount } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import type { Announcements } from './own-account.ts'
import { removeSecondFactor } from './second-factor.ts'
import { hashPassword } from './secrets.ts'
import type { CutOff } from './sessions.ts'
import { endSessions } from './sessions.ts'

export type NewUser = z.output<typeof identityEndpoints.createUser.body>
export type UserChanges = z.output<typeof identityEndpoints.updateUser.body>

/** Creates an account of any role, active at once: an admin's creation is the approval. @throws Refusal email_taken */
export async function createUser(db: Db, actor: Actor, user: NewUser, origin: Origin): Promise<Account> {
	const { email, fullName, role, password, phone = null, specialty, timeZone } = user
	const passwordHash = password === undefined ? null : await hashPassword(password)
	return await inTransaction(db, async trx => {
		const account = await insertAccount(trx, { email, passwordHash, fullName, phone, role, status: 'active' })
		await ensureProfile(trx, account, { specialty, timeZone })
		await recordAudit(trx, { actor, origin, action: 'created', entity: 'user', entityId: account.id, details: { role } })
		return account
	})
}

export type UserAdminDeps = {
	db: Db
	cutOff: CutOff
	announcements: Announcements
	/** @throws Refusal in_use when appointments to come are with this doctor */
	refuseDoctorInUse: (trx: Tx, doctorId: string) => Promise<void>
}

/**
 * Approves, disables, renames, or changes the address or role of an account. When its rights change, its sockets are disconnected, so
 * that they come back with the new rights, or not at all. A change of the address voids links that were mailed to the former one.
 *
 * @throws Refusal not_found, email_taken; forbidden when the clinic would be left without an admin; in_use for a doctor who would take
 * no more appointments, and has some to come
 */
export async function updateUser(
	{ db, cutOff, announcements, refuseDoctorInUse }: UserAdminDeps,
	actor: Actor,
	id: string,
	changes: UserChanges,
	origin: Origin,
): Promise<Account> {
	if (!isDatabaseId(id)) throw new Refusal('not_found')
	const { before, after } = await inTransaction(db, async trx => {
		const activeAdmins = await lockActiveAdmins(trx)
		// Another admin demoted the actor while this request was waiting.
		if (!activeAdmins.includes(actor.userId)) throw new Refusal('forbidden')
		const account = await lockAccount(trx, id)
		if (!account || (await isProgram(trx, id))) throw new Refusal('not_found')
		if (!keepsAnAdmin(account, changes, actor.userId, activeAdmins))
			throw new Refusal('forbidden', { message: 'An admin cannot give up their own rights, nor take those of the last admin' })
		if (changedFields(account, changes).length === 0) return { before: account, after: account }
		if (isPractising(account) && !isPractising({ role: changes.role ?? account.role, status: changes.status ?? account.status })) {
			// Waits for bookings that are being written, which lock the account's key (settle.sql), and then finds their visits.
			await trx('users').where({ id }).forUpdate().select('id')
			await refuseDoctorInUse(trx, id)
		}
		if (changes.status === 'disabled') await endSessions(trx, id)
		if (changes.email !== undefined) await trx('password_resets').where({ user_id: id, used_at: null }).delete()
		await recordAudit(trx, {
			actor,
			origin,
			action: 'updated',
			entity: 'user',
			entityId: id,
			details: describe(account, changes),
		})
		const updated = await updateAccount(trx, id, changes)
		await ensureProfile(trx, updated)
		// An account, its calendar and its patient file have the same id.
		if (account.role !== updated.role || account.status !== updated.status) await announcements.writeDoctor(trx, id)
		if (account.fullName !== updated.fullName) await announcements.writePatient(trx, id)
		return { before: account, after: updated }
	})
	await announcements.tell()
	if (before.role !== after.role || before.status !== after.status) cutOff(id)
	return after
}

/**
 * Removes the second factor of a colleague who lost it; until the colleague sets up a new one, the password is enough. Admins cannot
 * remove their own: with a code they can switch it off, and without a code they must not.
 *
 * @throws Refusal not_found when the account has none, forbidden for the admin's own
 */
export async function resetSecondFactor(
	{ db, cutOff }: Pick<UserAdminDeps, 'db' | 'cutOff'>,
	actor: Actor,
	id: string,
	origin: Origin,
): Promise<void> {
	if (!isDatabaseId(id)) throw new Refusal('not_found')
	if (id === actor.userId) throw new Refusal('forbidden', { message: 'Another admin has to reset it' })
	await inTransaction(db, async trx => {
		await lockAccount(trx, id)
		if (!(await removeSecondFactor(trx, id))) throw new Refusal('not_found')
		await endSessions(trx, id)
		await recordAudit(trx, { actor, origin, action: 'second_factor_reset', entity: 'user', entityId: id })
	})
	cutOff(id)
}

/**
 * Whether the clinic keeps an admin, and the acting admin stays one: admins can remove neither their own rights nor those of the last
 * active admin.
 */
export function keepsAnAdmin(target: Account, changes: UserChanges, actorId: string, activeAdmins: readonly string[]): boolean {
	const staysAdmin = (changes.role ?? target.role) === 'admin' && (changes.status ?? target.status) === 'active'
	if (staysAdmin || !activeAdmins.includes(target.id)) return true
	return target.id !== actorId && activeAdmins.some(id => id !== target.id)
}

/** Programs have calls of their own. */
const isProgram = async (trx: Tx, id: string) => (await trx('users').where({ id, is_program: true }).first('id')) !== undefined

const isPractising = ({ role, status }: Pick<Account, 'role' | 'status'>) => role === 'doctor' && status === 'active'

function changedFields(account: Account, changes: UserChanges) {
	return (['role', 'status', 'fullName', 'email'] as const).filter(
		field => changes[field] !== undefined && changes[field] !== account[field],
	)
}

/** Describes the changes for the audit log. Names and addresses are personal, so the entry only says that they changed. */
function describe(account: Account, changes: UserChanges) {
	const fields = changedFields(account, changes)
	const states = (['role', 'status'] as const).filter(field => fields.includes(field))
	return { fields, ...Object.fromEntries(states.map(field => [field, { from: account[field], to: changes[field] }])) }
}
