import type { z } from 'zod'
import type { identityEndpoints, SignInChallenge } from '../../contract/index.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, ensureProfile, findAccountByEmail, insertAccount, lockAccount } from './accounts.ts'
import type { CodeAttempts, PasswordAttempts } from './limits.ts'
import { type FactorDeps, hasSecondFactor, takeCode, wrongCode } from './second-factor.ts'
import { digestSecret, hashPassword, isPassword, newSecret } from './secrets.ts'
import { byThemself, type Client, openSession, type SignedIn } from './sessions.ts'

export type Registration = z.output<typeof identityEndpoints.register.body>

/** Opens an account and its first session. A doctor's account is pending until an admin approves it. @throws Refusal email_taken */
export async function register(db: Db, registration: Registration, client: Client): Promise<SignedIn> {
	const { email, password, fullName, phone = null, role, specialty, timeZone } = registration
	const passwordHash = await hashPassword(password)
	return await inTransaction(db, async trx => {
		const status = role === 'doctor' ? 'pending' : 'active'
		const account = await insertAccount(trx, { email, passwordHash, fullName, phone, role, status })
		await ensureProfile(trx, account, { specialty, timeZone })
		const session = await openSession(trx, account.id, client)
		await recordAudit(trx, {
			actor: { userId: account.id },
			origin: client.origin,
			action: 'registered',
			entity: 'user',
			entityId: account.id,
			details: { role },
		})
		return { account, session }
	})
}

/**
 * Opens a session, or a challenge for an account with a second factor.
 *
 * @throws Refusal invalid_credentials, account_disabled, rate_limited
 */
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
	if (account && isRight && account.status !== 'disabled') return await openFor(db, account, client)
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

/** Signs in an account whose password was right a moment ago, unless the account has changed since. */
function openFor(db: Db, checked: Account, client: Client): Promise<SignedIn | SignInChallenge> {
	return inTransaction(db, async trx => {
		const account = await lockAccount(trx, checked.id)
		if (!account || account.passwordHash !== checked.passwordHash) throw new Refusal('invalid_credentials')
		if (account.status === 'disabled') throw new Refusal('account_disabled')
		return await openAfterFirstFactor(trx, account, client)
	})
}

/** Opens a session, or a challenge for an account with a second factor. The account must be locked and not be disabled. */
export async function openAfterFirstFactor(
	trx: Tx,
	account: Account,
	client: Client,
	details: Record<string, string> = {},
): Promise<SignedIn | SignInChallenge> {
	if (await hasSecondFactor(trx, account.id)) {
		// The first factor alone does not prove the owner.
		await recordAudit(trx, { ...byThemself(account, client), actor: null, action: 'second_factor_asked', details })
		return await openChallenge(trx, account.id)
	}
	const session = await openSession(trx, account.id, client)
	await recordAudit(trx, { ...byThemself(account, client), action: 'signed_in', details })
	return { account, session }
}

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

const challengeSeconds = 300
const maxTries = 5

/** Opens a challenge, which stands for the first factor until the code of the second is given. Deletes old ones. The account must be locked. */
async function openChallenge(trx: Tx, userId: string): Promise<SignInChallenge> {
	const challenge = newSecret()
	await trx('sign_in_challenges').where({ user_id: userId }).whereRaw('expires_at < now()').delete()
	await trx('sign_in_challenges').insert({
		token_hash: digestSecret(challenge),
		user_id: userId,
		expires_at: trx.raw('now() + make_interval(secs => ?)', challengeSeconds),
	})
	return { challenge, expiresIn: challengeSeconds }
}

/** The id of the account that was challenged; undefined when the challenge is unknown, too old, or was tried too often. */
async function findChallenged(db: DbOrTx, challenge: string): Promise<string | undefined> {
	return (await unanswered(db, challenge).first('user_id as userId'))?.userId
}

/** Counts a try. False when no try was left. The account must be locked. */
const countTry = async (trx: Tx, challenge: string): Promise<boolean> => (await unanswered(trx, challenge).increment('tries', 1)) > 0

async function closeChallenge(trx: Tx, challenge: string): Promise<void> {
	await trx('sign_in_challenges')
		.where({ token_hash: digestSecret(challenge) })
		.delete()
}

function unanswered(db: DbOrTx, challenge: string) {
	return db('sign_in_challenges')
		.where({ token_hash: digestSecret(challenge) })
		.where('tries', '<', maxTries)
		.whereRaw('expires_at > now()')
}
