import type { AccountStatus, Role } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { admitted } from './access.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Actor } from './actor.ts'

type Deps = { run: Run; accessTokens: AccessTokens; secondFactor: Config['secondFactor'] }

type Session = Pick<Actor, 'userId' | 'sessionId' | 'tokenExpiresAtMs'>

type Row = {
	role: Role | null
	status: AccountStatus
	full_name: string
	patient_id: string | null
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

/**
 * Turns access tokens into actors. A token only names the account and the session; role, status and the rest are read from the
 * database each time, so that disabling an account, changing its role or ending its session acts at once.
 */
export function createTokenAuthentication({ run, accessTokens, secondFactor }: Deps) {
	return { authenticateToken, readAgain }

	/** @throws Refusal unauthenticated, token_expired, account_disabled; null without a token */
	async function authenticateToken(token: string | undefined): Promise<Actor | null> {
		if (token === undefined) return null
		const { userId, sessionId, expiresAtMs } = accessTokens.verify(token)
		const [actor] = await readActors([{ userId, sessionId, tokenExpiresAtMs: expiresAtMs }])
		if (!actor || actor instanceof Refusal) throw actor ?? new Refusal('unauthenticated')
		return actor
	}

	async function readActors(sessions: readonly Session[]): Promise<(Actor | Refusal)[]> {
		const keys = [sessions.map(({ userId }) => userId), sessions.map(({ sessionId }) => sessionId)]
		const rows = await run<Row>(readAccounts[secondFactor], keys)
		return sessions.map((session, index) => toActor(session, rows[index]))
	}

	/** Actors as they are now, in the order of the question, for sockets that stay open: null while a second factor is lacking. */
	async function readAgain(actors: readonly Session[]): Promise<(Actor | null | Refusal)[]> {
		const present = await readActors(actors)
		return present.map(actor => (actor instanceof Refusal ? actor : admitted(actor)))
	}
}

/** A row for each account asked for, in that order; of nulls when there is no such account. */
function statement(name: string, lacksSecondFactor: string) {
	return {
		name,
		text: `
			SELECT u.role, u.status, u.full_name, p.id AS patient_id,
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
		sessionId: session.sessionId,
		tokenExpiresAtMs: session.tokenExpiresAtMs,
		lacksSecondFactor: row.lacks_second_factor,
	}
}
