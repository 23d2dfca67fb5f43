import { createSecretKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { type AccountStatus, Role } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { ReadAgain } from '../platform/live/callers.ts'
import { Refusal } from '../platform/refusal.ts'
import { type Actor, admitted } from './actor.ts'
import { isApiKey, readProgram } from './api-clients.ts'

export type Authentication = {
	accessTokens: AccessTokens
	/** Reads an `Authorization` header, with an access token or a program's key. Null without one. @throws Refusal unauthenticated, token_expired, account_disabled */
	authenticate: (authorization: string | undefined) => Promise<Actor | null>
	/** Reads a bare access token, for sockets. Null without one, or while the account lacks its second factor. @throws Refusal as above */
	authenticateToken: (token: string | undefined) => Promise<Actor | null>
	/**
	 * Reads the actors of open sockets again, in their order: null while the account lacks its second factor, a refusal when the socket
	 * may not stay.
	 */
	readAgain: ReadAgain<Actor>
}

/**
 * Turns access tokens into actors. A token only names the account and the session; role, status and the rest are read from the
 * database each time, so that disabling an account, changing its role or ending its session acts at once.
 */
export function createAuthentication({ config, run }: { config: Config; run: Run }): Authentication {
	const accessTokens = createAccessTokens(config.jwtSecret)

	return {
		accessTokens,
		authenticate: async authorization => {
			const token = readBearer(authorization)
			return token !== undefined && isApiKey(token) ? await readProgram(run, token) : await authenticate(token)
		},
		authenticateToken: async token => admitted(await authenticate(token)),
		readAgain: async actors => (await readActors(actors)).map(actor => (actor instanceof Refusal ? actor : admitted(actor))),
	}

	async function authenticate(token: string | undefined): Promise<Actor | null> {
		if (token === undefined) return null
		const { userId, sessionId, expiresAtMs } = accessTokens.verify(token)
		const [actor] = await readActors([{ userId, sessionId, tokenExpiresAtMs: expiresAtMs }])
		if (!actor || actor instanceof Refusal) throw actor ?? new Refusal('unauthenticated')
		return actor
	}

	async function readActors(sessions: readonly Session[]): Promise<(Actor | Refusal)[]> {
		const keys = [sessions.map(({ userId }) => userId), sessions.map(({ sessionId }) => sessionId)]
		const rows = await run<Row>(readAccounts[config.secondFactor], keys)
		return sessions.map((session, index) => toActor(session, rows[index]))
	}
}

type Session = Pick<Actor, 'userId' | 'sessionId' | 'tokenExpiresAtMs'>

type Row = {
	role: Role | null
	status: AccountStatus
	full_name: string
	patient_id: string | null
	may_book_online: boolean
	session_is_open: boolean
	lacks_second_factor: boolean
}

const readAccounts = {
	optional: statement('read accounts', 'false'),
	required: statement(
		'read accounts and second factors',
		`u.role <> 'patient' AND NOT EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)`,
	),
}

/** Returns one row for each account, in the order of the parameters; its columns are null when there is no such account. */
function statement(name: string, lacksSecondFactor: string) {
	return {
		name,
		text: `
			SELECT u.role, u.status, u.full_name, p.id AS patient_id, coalesce(p.may_book_online, true) AS may_book_online,
				EXISTS (
					SELECT FROM refresh_tokens t WHERE t.family_id = asked.session_id AND t.user_id = u.id AND t.revoked_at IS NULL
				) AS session_is_open,
				${lacksSecondFactor} AS lacks_second_factor
			FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS asked (user_id, session_id, place)
			LEFT JOIN users u ON u.id = asked.user_id
			LEFT JOIN patients p ON p.user_id = u.id
			ORDER BY asked.place`,
	}
}

function toActor(session: Session, row: Row | undefined): Actor | Refusal {
	if (!row?.role) return new Refusal('unauthenticated')
	if (row.status === 'disabled') return new Refusal('account_disabled')
	if (!row.session_is_open) return new Refusal('unauthenticated', { message: 'The session has ended' })
	return {
		userId: session.userId,
		role: row.role,
		status: row.status,
		fullName: row.full_name,
		patientId: row.patient_id ?? undefined,
		...(!row.may_book_online && { mustCallToBook: true }),
		sessionId: session.sessionId,
		tokenExpiresAtMs: session.tokenExpiresAtMs,
		lacksSecondFactor: row.lacks_second_factor,
	}
}

export type AccessToken = { userId: string; sessionId: string; expiresAtMs: number }

export const accessTokenSeconds = 15 * 60

const algorithm = 'HS256'
const issuer = 'liveslot'

/** `role` is there for the client; the server asks the database each time. */
const Claims = z.object({ sub: z.string().refine(isDatabaseId), sid: z.uuid(), role: Role, exp: z.number() })

export type AccessTokens = {
	sign(claims: { userId: string; role: Role; sessionId: string }): string
	/** @throws Refusal token_expired for a token that this server signed, unauthenticated for any other text */
	verify(token: string): AccessToken
}

/** Access tokens: JWTs (RFC 7519) with the one algorithm pinned, as RFC 8725 §3.1 asks. */
export function createAccessTokens(secret: string): AccessTokens {
	const key = createSecretKey(secret, 'utf8')
	return {
		sign: ({ userId, role, sessionId }) =>
			jwt.sign({ role, sid: sessionId }, key, { algorithm, issuer, subject: userId, expiresIn: accessTokenSeconds }),
		verify: token => {
			try {
				const { sub, sid, exp } = Claims.parse(jwt.verify(token, key, { algorithms: [algorithm], issuer }))
				return { userId: sub, sessionId: sid, expiresAtMs: exp * 1000 }
			} catch (error) {
				throw new Refusal(error instanceof jwt.TokenExpiredError ? 'token_expired' : 'unauthenticated')
			}
		},
	}
}

/**
 * The token of an `Authorization: Bearer …` header (RFC 6750 §2.1); undefined without a header.
 *
 * @throws Refusal unauthenticated when there is a header of another form
 */
export function readBearer(authorization: string | undefined): string | undefined {
	if (authorization === undefined) return undefined
	const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
	if (!token) throw new Refusal('unauthenticated', { message: 'The Authorization header must be “Bearer” and a token' })
	return token
}
