import type { AccountStatus, Role } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Actor } from './actor.ts'

const statement = (name: string, lacksSecondFactor: string) => ({
	name,
	text: `
		SELECT u.role, u.status, u.full_name, p.id AS patient_id,
			EXISTS (
				SELECT FROM refresh_tokens t WHERE t.family_id = $2 AND t.user_id = u.id AND t.revoked_at IS NULL
			) AS session_is_open,
			${lacksSecondFactor} AS lacks_second_factor
		FROM users u LEFT JOIN patients p ON p.user_id = u.id
		WHERE u.id = $1`,
})

const readAccount = {
	optional: statement('authenticate', 'false'),
	required: statement(
		'authenticate with second factor',
		`u.role <> 'patient' AND NOT EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)`,
	),
}

type Row = {
	role: Role
	status: AccountStatus
	full_name: string
	patient_id: string | null
	session_is_open: boolean
	lacks_second_factor: boolean
}

type Deps = { run: Run; accessTokens: AccessTokens; secondFactor: Config['secondFactor'] }

/**
 * Turns an access token into who is asking. The token only says which account and session; all else is read from the database each
 * time, so that disabling an account, changing its role or ending its session acts at once.
 */
export const createAuthenticateToken =
	({ run, accessTokens, secondFactor }: Deps) =>
	async (token: string | undefined): Promise<Actor | null> => {
		if (token === undefined) return null
		const { userId, sessionId, expiresAtMs } = accessTokens.verify(token)
		const [row] = await run<Row>(readAccount[secondFactor], [userId, sessionId])
		if (!row) throw new Refusal('unauthenticated')
		if (row.status === 'disabled') throw new Refusal('account_disabled')
		if (!row.session_is_open) throw new Refusal('unauthenticated', { message: 'The session has ended' })
		return {
			userId,
			role: row.role,
			status: row.status,
			fullName: row.full_name,
			patientId: row.patient_id ?? undefined,
			sessionId,
			tokenExpiresAtMs: expiresAtMs,
			lacksSecondFactor: row.lacks_second_factor,
		}
	}
