import type { z } from 'zod'
import type { identityEndpoints } from '../../contract/index.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, type AccountChanges, findAccount, lockAccount, updateAccount } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import type { PasswordAttempts } from './limits.ts'
import { hashPassword, isPassword } from './secrets.ts'
import type { CutOff } from './sessions.ts'
import { endSessions } from './sessions.ts'

/** Tells watchers of calendars about changes of accounts: written in the transaction that makes the change, told after its commit. */
export type Announcements = {
	/** Announces that a doctor takes appointments from now on, or no longer. */
	writeDoctor(trx: Tx, doctorId: string): Promise<void>
	/** Announces a patient's new name. */
	writePatient(trx: Tx, patientId: string): Promise<void>
	tell(): Promise<void>
}

export type OwnAccountDeps = { db: Db; attempts: PasswordAttempts; cutOff: CutOff; announcements: Announcements }

/** @throws Refusal invalid_credentials, rate_limited */
export async function confirmPassword(deps: OwnAccountDeps, actor: Actor, password: string, ip: string): Promise<void> {
	return checkCurrentPassword(deps, await readOwnAccount(deps.db, actor), password, ip)
}

export type OwnChanges = z.output<typeof identityEndpoints.updateMe.body>

/**
 * Changes the actor's own name, phone or password. A new password ends every other session.
 *
 * @throws Refusal invalid_credentials when the current password is wrong
 */
export async function updateOwnAccount(deps: OwnAccountDeps, actor: Actor, changes: OwnChanges, origin: Origin): Promise<Account> {
	const { db, cutOff, announcements } = deps
	const { password, currentPassword, fullName, phone } = changes
	const known = await readOwnAccount(db, actor)
	const update: AccountChanges = { fullName, phone }
	if (password !== undefined) {
		if (currentPassword === undefined) throw invalidInput('currentPassword', 'is needed to set a new password')
		await checkCurrentPassword(deps, known, currentPassword, origin.ip)
		update.passwordHash = await hashPassword(password)
	}
	const fields = (['fullName', 'phone', 'password'] as const).filter(field => changes[field] !== undefined)
	if (fields.length === 0) return known

	const updated = await inTransaction(db, async trx => {
		const account = await lockAccount(trx, actor.userId)
		if (!account) throw new Refusal('unauthenticated')
		if (password !== undefined) {
			// The password was reset while the current one was compared.
			if (account.passwordHash !== known.passwordHash) throw new Refusal('invalid_credentials')
			await endSessions(trx, account.id, { except: actor.sessionId })
		}
		await recordAudit(trx, { actor, origin, action: 'updated', entity: 'user', entityId: account.id, details: { fields } })
		// An account and its patient file have the same id.
		if (fullName !== undefined && fullName !== account.fullName) await announcements.writePatient(trx, account.id)
		return await updateAccount(trx, account.id, update)
	})
	await announcements.tell()
	if (password !== undefined) cutOff(actor.userId, { except: actor.sessionId })
	return updated
}

/** Compares the current password within the limits of signing in: a stolen access token must not help to guess it. */
export async function checkCurrentPassword({ attempts }: OwnAccountDeps, account: Account, current: string, ip: string) {
	const isRight = await attempts.attempt(account.email, ip, () => isPassword(current, account.passwordHash))
	if (!isRight) throw new Refusal('invalid_credentials')
}

/** @throws Refusal unauthenticated when the account is gone */
export async function readOwnAccount(db: Db, actor: Actor): Promise<Account> {
	const account = await findAccount(db, actor.userId)
	if (!account) throw new Refusal('unauthenticated')
	return account
}
