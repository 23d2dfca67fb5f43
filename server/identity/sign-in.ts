import type { SignInChallenge } from '../../contract/index.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, findAccountByEmail, lockAccount } from './accounts.ts'
import { openChallenge } from './challenges.ts'
import type { PasswordAttempts } from './limits.ts'
import { isPassword } from './passwords.ts'
import { hasSecondFactor } from './second-factor.ts'
import { type Client, closeSession, openSession, renewSession, type Session, type Trade, type WhichSessions } from './sessions.ts'

/** Cuts sockets of an account off, on every node. */
export type CutOff = (userId: string, which?: WhichSessions) => void

export type SignedIn = { account: Account; session: Session }

/** Opens a session, or a challenge for an account with a second factor. @throws Refusal invalid_credentials, account_disabled, rate_limited */
export async function signIn(
	{ db, attempts, markOf }: { db: Db; attempts: PasswordAttempts; markOf: (email: string) => string },
	{ email, password }: { email: string; password: string },
	client: Client,
): Promise<SignedIn | SignInChallenge> {
	const { origin } = client
	let account: Account | undefined
	const isRight = await attempts.attempt(email, origin.ip, async () => {
		account = await findAccountByEmail(db, email)
		return await isPassword(password, account?.passwordHash)
	})
	if (account && isRight && account.status !== 'disabled') return await letIn(db, account, client)
	const code = isRight ? 'account_disabled' : 'invalid_credentials'
	await recordAudit(db, {
		actor: null,
		origin,
		action: 'sign_in_failed',
		entity: 'user',
		// An unknown address may be a real person's. Its mark shows whether the same address is tried again.
		...(account ? { entityId: account.id, details: { code } } : { details: { code, address: markOf(email) } }),
	})
	throw new Refusal(code)
}

type SessionDeps = { db: Db; cutOff: CutOff }

/** @throws Refusal unauthenticated, token_expired, account_disabled */
export async function refresh({ db, cutOff }: SessionDeps, trade: Trade, client: Client): Promise<SignedIn> {
	const renewal = await inTransaction(db, async trx => {
		const outcome = await renewSession(trx, trade, client)
		if (outcome.state === 'stolen')
			// Which holder of the token is the owner is unknown, so the entry names no actor.
			await recordAudit(trx, { ...byThemself(outcome.account, client), actor: null, action: 'session_reuse_detected' })
		return outcome
	})
	switch (renewal.state) {
		case 'renewed':
			return renewal
		case 'stolen':
			cutOff(renewal.account.id, { only: renewal.sessionId })
			throw new Refusal('unauthenticated', { message: 'The session has ended' })
		case 'refused':
			throw new Refusal(renewal.code)
	}
}

export async function signOut({ db, cutOff }: SessionDeps, refreshToken: string, client: Client): Promise<void> {
	const closed = await inTransaction(db, async trx => {
		const session = await closeSession(trx, refreshToken)
		if (session) await recordAudit(trx, { ...byThemself({ id: session.userId }, client), action: 'signed_out' })
		return session
	})
	if (closed) cutOff(closed.userId, { only: closed.sessionId })
}

export function byThemself({ id }: Pick<Account, 'id'>, { origin }: Client) {
	return {
		actor: { userId: id },
		origin,
		entity: 'user',
		entityId: id,
	}
}

/** Lets an account in whose password was right a moment ago, unless the account has changed since. */
function letIn(db: Db, checked: Account, client: Client): Promise<SignedIn | SignInChallenge> {
	return inTransaction(db, async trx => {
		const account = await lockAccount(trx, checked.id)
		if (!account || account.passwordHash !== checked.passwordHash) throw new Refusal('invalid_credentials')
		if (account.status === 'disabled') throw new Refusal('account_disabled')
		if (await hasSecondFactor(trx, account.id)) {
			// The password alone does not prove the owner.
			await recordAudit(trx, { ...byThemself(account, client), actor: null, action: 'second_factor_asked' })
			return await openChallenge(trx, account.id)
		}
		const session = await openSession(trx, account.id, client)
		await recordAudit(trx, { ...byThemself(account, client), action: 'signed_in' })
		return { account, session }
	})
}
