import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import type { z } from 'zod'
import type { identityEndpoints, Language, SignInChallenge } from '../../contract/index.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { derivedKey } from '../platform/security/derived-key.ts'
import { type Account, ensureProfile, findAccountByEmail, insertAccount, lockAccount } from './accounts.ts'
import { byThemself, type Client, openSession, type SignedIn } from './sessions.ts'
import { openAfterFirstFactor } from './sign-in.ts'

/** Marks of addresses and codes: without the server's key, a reader of the database can compute neither. */
export type CodeMarks = { ofAddress(email: string): string; ofCode(email: string, code: string): Buffer }

/** Mails a code to an address, whether or not there is an account. */
export type SendCode = (to: { email: string; language: Language | undefined }, code: string) => Promise<void>

const lifetimeMinutes = 10
const maxTries = 5

/** Mails a six-digit code, which replaces the code before. Does the same for known and unknown addresses. */
export async function offerCode(
	{ db, marks, send }: { db: Db; marks: CodeMarks; send: SendCode },
	to: { email: string; language: Language | undefined },
): Promise<void> {
	const code = String(randomInt(1_000_000)).padStart(6, '0')
	const expiresAt = db.raw('now() + make_interval(mins => ?)', lifetimeMinutes)
	await db('sign_in_codes')
		.insert({ address_mark: marks.ofAddress(to.email), code_hash: marks.ofCode(to.email, code), tries: 0, expires_at: expiresAt })
		.onConflict('address_mark')
		.merge()
	await send(to, code)
}

export type CodeAnswer = z.output<typeof identityEndpoints.verifyCode.body>

/** `opened`: the code made the account. */
export type CodeSignIn = { opened: boolean; signedIn: SignedIn | SignInChallenge }

/**
 * Signs in with a code from a mail. The first time it opens a patient's account, for which it needs a name; without one the code
 * stays valid. A right code works once.
 *
 * @throws Refusal invalid_credentials for a code that is wrong, used, too old or was tried too often; account_disabled; invalid_input
 */
export async function verifyCode({ db, marks }: { db: Db; marks: CodeMarks }, answer: CodeAnswer, client: Client): Promise<CodeSignIn> {
	const outcome = await inTransaction(db, async trx => {
		if (!(await takeRightCode(trx, marks, answer))) {
			await recordWrongCode(trx, answer.email, marks, client)
			return undefined
		}
		const known = await findAccountByEmail(trx, answer.email)
		const account = known && (await lockAccount(trx, known.id))
		if (!account) return { opened: true, signedIn: await openAccount(trx, answer, client) }
		if (account.status === 'disabled') throw new Refusal('account_disabled')
		return { opened: false, signedIn: await openAfterFirstFactor(trx, account, client, { factor: 'code by mail' }) }
	})
	// The try was counted in the transaction, which must commit, so the refusal is thrown after it.
	if (!outcome) throw new Refusal('invalid_credentials', { message: 'This code is wrong or no longer valid' })
	return outcome
}

export function createCodeMarks(serverSecret: string): CodeMarks {
	const key = derivedKey(serverSecret, 'codes by mail')
	const mark = (kind: string, text: string) => createHmac('sha256', key).update(`${kind} ${text}`).digest()
	return {
		ofAddress: email => mark('address', email).toString('base64url').slice(0, 22),
		ofCode: (email, code) => mark('code', `${email} ${code}`),
	}
}

/** Compares the code in constant time, counts a wrong one, and deletes a right one. Callers with one address take turns. */
async function takeRightCode(trx: Tx, marks: CodeMarks, { email, code }: CodeAnswer): Promise<boolean> {
	const ofAddress = { address_mark: marks.ofAddress(email) }
	const row = await trx('sign_in_codes')
		.where(ofAddress)
		.where('tries', '<', maxTries)
		.whereRaw('expires_at > now()')
		.forUpdate()
		.first('code_hash as codeHash')
	const isRight = timingSafeEqual(row?.codeHash ?? Buffer.alloc(32), marks.ofCode(email, code)) && row !== undefined
	if (isRight) await trx('sign_in_codes').where(ofAddress).delete()
	else await trx('sign_in_codes').where(ofAddress).increment('tries', 1)
	return isRight
}

/** The code proves that the address is the owner's. @throws Refusal invalid_input without a name, which leaves the code valid */
async function openAccount(trx: Tx, answer: CodeAnswer, client: Client): Promise<SignedIn> {
	const { email, fullName, phone = null, language } = answer
	if (fullName === undefined) throw invalidInput('fullName', 'is needed to open an account')
	const account = await insertAccount(trx, { email, passwordHash: null, fullName, phone, role: 'patient', status: 'active' })
	await ensureProfile(trx, account)
	if (language) await trx('patients').where({ user_id: account.id }).update({ language })
	const session = await openSession(trx, account.id, client)
	const details = { role: 'patient', factor: 'code by mail' }
	await recordAudit(trx, { ...byThemself(account, client), action: 'registered', details })
	return { account, session }
}

async function recordWrongCode(trx: Tx, email: string, marks: CodeMarks, { origin }: Client): Promise<void> {
	const account: Account | undefined = await findAccountByEmail(trx, email)
	const details = { code: 'invalid_credentials', factor: 'code by mail' }
	await recordAudit(trx, {
		actor: null,
		origin,
		action: 'sign_in_failed',
		entity: 'user',
		...(account ? { entityId: account.id, details } : { details: { ...details, address: marks.ofAddress(email) } }),
	})
}
