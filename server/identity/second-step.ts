import { type Db, inTransaction } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { lockAccount } from './accounts.ts'
import { closeChallenge, countTry, findChallenged } from './challenges.ts'
import type { CodeAttempts } from './limits.ts'
import { type FactorDeps, takeCode, wrongCode } from './second-factor.ts'
import { type Client, openSession } from './sessions.ts'
import { byThemself, type SignedIn } from './sign-in.ts'

export type SecondStepDeps = FactorDeps & { db: Db; codeAttempts: CodeAttempts }

/**
 * The second step of signing in.
 *
 * @throws Refusal token_expired when the challenge is unknown, too old or was tried too often; invalid_credentials for a wrong code;
 * account_disabled, rate_limited
 */
export async function answerChallenge(
	deps: SecondStepDeps,
	{ challenge, code }: { challenge: string; code: string },
	client: Client,
): Promise<SignedIn> {
	const { db, codeAttempts } = deps
	const userId = await findChallenged(db, challenge)
	if (!userId) throw challengeIsOver()
	await codeAttempts.consume(userId)
	const signedIn = await inTransaction(db, async trx => {
		const account = await lockAccount(trx, userId)
		if (!account || !(await countTry(trx, challenge))) throw challengeIsOver()
		if (account.status === 'disabled') throw new Refusal('account_disabled')
		const factor = await takeCode(trx, deps, userId, code)
		if (!factor) {
			// The count and the audit entry must be committed, so the refusal is thrown after the transaction.
			await recordAudit(trx, { ...byThemself(account, client), actor: null, action: 'second_factor_failed' })
			return undefined
		}
		await closeChallenge(trx, challenge)
		const session = await openSession(trx, userId, client)
		await recordAudit(trx, { ...byThemself(account, client), action: 'signed_in', details: { factor } })
		return { account, session }
	})
	if (!signedIn) throw wrongCode()
	await codeAttempts.reset(userId)
	return signedIn
}

const challengeIsOver = () => new Refusal('token_expired', { message: 'Sign in with the password again' })
