import { randomUUID } from 'node:crypto'
import type { RefusalCode } from '../../contract/index.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, lockAccount } from './accounts.ts'
import type { Origin } from './actor.ts'
import { digestSecret, newSecret } from './secrets.ts'

/** The sender of a request, as far as the request tells. */
export type Client = { origin: Origin; userAgent: string | undefined }

/** A family of refresh tokens. Only the newest is valid. */
export type Session = { id: string; refreshToken: string }

export type SignedIn = { account: Account; session: Session }

/** All sessions of an account, one of them, or all but one. */
export type WhichSessions = { only?: string; except?: string }

/** Disconnects sockets of an account, on every node. */
export type CutOff = (userId: string, which?: WhichSessions) => void

export const sessionSeconds = 30 * 24 * 3600

/** Opens a session. The account must be locked. Deletes its tokens that expired a month ago. */
export async function openSession(trx: Tx, userId: string, client: Client): Promise<Session> {
	await trx('refresh_tokens').where({ user_id: userId }).whereRaw(`expires_at < now() - interval '30 days'`).delete()
	return await insertToken(trx, { userId, sessionId: randomUUID(), refreshToken: newSecret() }, client)
}

/** A refresh token, and the token that replaces it. */
export type Trade = { refreshToken: string; next: string }

type SessionDeps = { db: Db; cutOff: CutOff }

/** Trades a refresh token for the next one. @throws Refusal unauthenticated, token_expired, account_disabled */
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

/** Ends sessions of an account, and its open challenges unless one session is named. The account must be locked. */
export async function endSessions(trx: Tx, userId: string, which: WhichSessions = {}): Promise<void> {
	const tokens = trx('refresh_tokens').where({ user_id: userId }).whereNull('revoked_at')
	if (which.only) tokens.where({ family_id: which.only })
	else await trx('sign_in_challenges').where({ user_id: userId }).delete()
	if (which.except) tokens.whereNot({ family_id: which.except })
	await tokens.update({ revoked_at: trx.fn.now() })
}

export function byThemself({ id }: Pick<Account, 'id'>, { origin }: Client) {
	return {
		actor: { userId: id },
		origin,
		entity: 'user',
		entityId: id,
	}
}

type Renewal =
	| { state: 'renewed'; account: Account; session: Session }
	| { state: 'stolen'; account: Account; sessionId: string }
	| { state: 'refused'; code: RefusalCode }

/**
 * A token that is used twice, other than to repeat the trade, was copied, and the server cannot tell which holder is the owner: the
 * session ends (RFC 9700 §4.14.2). The end must be committed, so it is an outcome and not an error.
 */
async function renewSession(trx: Tx, trade: Trade, client: Client): Promise<Renewal> {
	const { refreshToken, next } = trade
	const locked = await lockToken(trx, refreshToken)
	if (!locked) return { state: 'refused', code: 'unauthenticated' }
	const { token, account } = locked
	if (account.status === 'disabled') return { state: 'refused', code: 'account_disabled' }
	if (token.isRevoked) return { state: 'refused', code: 'unauthenticated' }
	if (token.isUsed) {
		if (await isRepeated(trx, trade)) return { state: 'renewed', account, session: { id: token.sessionId, refreshToken: next } }
		await endSessions(trx, account.id, { only: token.sessionId })
		return { state: 'stolen', account, sessionId: token.sessionId }
	}
	if (token.isExpired) return { state: 'refused', code: 'token_expired' }
	await trx('refresh_tokens')
		.where({ token_hash: digestSecret(refreshToken) })
		.update({ used_at: trx.fn.now() })
	const { sessionId, startedAt } = token
	const session = await insertToken(trx, { userId: account.id, sessionId, refreshToken: next, startedAt }, client)
	return { state: 'renewed', account, session }
}

/** Ends the session of a refresh token. Returns the session and its account, or undefined when it had ended before. */
async function closeSession(trx: Tx, refreshToken: string): Promise<{ userId: string; sessionId: string } | undefined> {
	const locked = await lockToken(trx, refreshToken)
	if (!locked || locked.token.isRevoked) return undefined
	const { token, account } = locked
	await endSessions(trx, account.id, { only: token.sessionId })
	return { userId: account.id, sessionId: token.sessionId }
}

type NewToken = { userId: string; sessionId: string; refreshToken: string; startedAt?: Date }

async function insertToken(
	trx: Tx,
	{ userId, sessionId, refreshToken, startedAt }: NewToken,
	{ origin, userAgent }: Client,
): Promise<Session> {
	await trx('refresh_tokens').insert({
		user_id: userId,
		family_id: sessionId,
		token_hash: digestSecret(refreshToken),
		session_started_at: startedAt ?? trx.fn.now(),
		expires_at: trx.raw('now() + make_interval(secs => ?)', sessionSeconds),
		ip: origin.ip,
		user_agent: userAgent?.slice(0, 200),
	})
	return { id: sessionId, refreshToken }
}

type TokenRow = { userId: string; sessionId: string; startedAt: Date; isUsed: boolean; isRevoked: boolean; isExpired: boolean }

/** Finds a token, locks its account, and reads the token again: it may have been used meanwhile. */
async function lockToken(trx: Tx, refreshToken: string): Promise<{ token: TokenRow; account: Account } | undefined> {
	const found = await findToken(trx, refreshToken)
	const account = found && (await lockAccount(trx, found.userId))
	const token = account && (await findToken(trx, refreshToken))
	return token && { token, account }
}

function findToken(trx: Tx, refreshToken: string): Promise<TokenRow | undefined> {
	return trx('refresh_tokens')
		.first(
			'user_id as userId',
			'family_id as sessionId',
			'session_started_at as startedAt',
			trx.raw('used_at IS NOT NULL AS "isUsed"'),
			trx.raw('revoked_at IS NOT NULL AS "isRevoked"'),
			trx.raw('expires_at <= now() AS "isExpired"'),
		)
		.where({ token_hash: digestSecret(refreshToken) })
}

/** Whether the same trade was made before and its new token is unused: the answer was lost, or is still on its way. */
async function isRepeated(trx: Tx, { next }: Trade): Promise<boolean> {
	const given = await findToken(trx, next)
	return given !== undefined && !given.isUsed
}
