import { type Db, type DbOrTx, inTransaction } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, findAccountByEmail, lockAccount, updateAccount } from './accounts.ts'
import type { Origin } from './actor.ts'
import { digestSecret, hashPassword, newSecret } from './secrets.ts'
import { endSessions } from './sessions.ts'

const lifetimeMinutes = 60

/** Mails a link with the token, which is a secret. */
export type SendLink = (to: { userId: string; email: string; fullName: string }, token: string) => Promise<void>

/** Mails a token if the address belongs to an account that may sign in. */
export async function offerReset(db: Db, email: string, origin: Origin, send: SendLink): Promise<void> {
	const account = await findAccountByEmail(db, email)
	if (!account || account.status === 'disabled') return
	const token = newSecret()
	await inTransaction(db, async trx => {
		await trx('password_resets').insert({
			token_hash: digestSecret(token),
			user_id: account.id,
			expires_at: trx.raw('now() + make_interval(mins => ?)', lifetimeMinutes),
		})
		// The sender need not be the owner, so the actor is unknown.
		await recordAudit(trx, { actor: null, origin, action: 'password_reset_requested', entity: 'user', entityId: account.id })
	})
	await send({ userId: account.id, email: account.email, fullName: account.fullName }, token)
}

/**
 * Sets a new password with a token from the mail. Ends every session of the account, and voids every other token.
 *
 * @throws Refusal token_expired when the token is unknown, used or too old; account_disabled
 */
export async function resetPassword(db: Db, token: string, password: string, origin: Origin): Promise<Account> {
	// Checked first, because hashing the password is expensive.
	if (!(await findOwner(db, token))) throw new Refusal('token_expired')
	const passwordHash = await hashPassword(password)
	return await inTransaction(db, async trx => {
		const userId = await findOwner(trx, token)
		const account = userId && (await lockAccount(trx, userId))
		// Read again under the lock: of two requests with the same token, the second finds it used.
		if (!account || !(await findOwner(trx, token))) throw new Refusal('token_expired')
		if (account.status === 'disabled') throw new Refusal('account_disabled')
		await trx('password_resets')
			.where({ token_hash: digestSecret(token) })
			.update({ used_at: trx.fn.now() })
		await trx('password_resets').where({ user_id: account.id, used_at: null }).delete()
		await endSessions(trx, account.id)
		await recordAudit(trx, {
			actor: { userId: account.id },
			origin,
			action: 'password_reset',
			entity: 'user',
			entityId: account.id,
		})
		return await updateAccount(trx, account.id, { passwordHash })
	})
}

async function findOwner(db: DbOrTx, token: string): Promise<string | undefined> {
	const row = await db('password_resets')
		.first('user_id as userId')
		.where({ token_hash: digestSecret(token), used_at: null })
		.whereRaw('expires_at > now()')
	return row?.userId
}
