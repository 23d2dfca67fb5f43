import type { z } from 'zod'
import type { clinicEndpoints } from '../../contract/index.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, ensureProfile, findAccountByEmail, insertAccount, lockAccount } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import { digestSecret, newSecret } from './secrets.ts'

const lifetimeDays = 7

export type Invitation = z.output<typeof clinicEndpoints.invite.body>

/** What goes into the mail; the token is a secret. */
export type Invited = { account: Account; token: string }

/**
 * Creates an account whose owner sets the password with a link, which works like one of “forgot password”. An invitation that is
 * repeated before that gives another link, and voids the one before.
 *
 * @throws Refusal email_taken when the address belongs to an account of another role, or to one that is in use
 */
export async function invite(db: Db, actor: Actor, invitation: Invitation, origin: Origin): Promise<Invited> {
	const token = newSecret()
	return await inTransaction(db, async trx => {
		const account = (await findInvited(trx, invitation)) ?? (await createInvited(trx, invitation))
		await trx('password_resets').where({ user_id: account.id, used_at: null }).delete()
		await trx('password_resets').insert({
			token_hash: digestSecret(token),
			user_id: account.id,
			expires_at: trx.raw('now() + make_interval(days => ?)', lifetimeDays),
		})
		const details = { role: account.role }
		await recordAudit(trx, { actor, origin, action: 'invited', entity: 'user', entityId: account.id, details })
		return { account, token }
	})
}

async function findInvited(trx: Tx, { email, role }: Invitation): Promise<Account | undefined> {
	const known = await findAccountByEmail(trx, email)
	if (!known) return undefined
	// Under the lock that setting a password takes.
	const account = await lockAccount(trx, known.id)
	const isInvited = account?.passwordHash === null && account.status === 'active' && account.role === role
	if (!isInvited) throw new Refusal('email_taken')
	return account
}

async function createInvited(trx: Tx, { email, fullName, role, specialty, timeZone }: Invitation): Promise<Account> {
	const account = await insertAccount(trx, { email, passwordHash: null, fullName, phone: null, role, status: 'active' })
	await ensureProfile(trx, account, { specialty, timeZone })
	return account
}
