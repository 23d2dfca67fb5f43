import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { digestSecret, type Seal } from './secrets.ts'

/** The ids of the accounts that have a second factor. */
export async function withSecondFactor(db: DbOrTx, userIds: readonly string[]): Promise<Set<string>> {
	const rows = await db('second_factors').select('user_id').whereIn('user_id', userIds).whereNotNull('confirmed_at')
	return new Set(rows.map(row => row.user_id))
}

export type FactorDeps = {
	/** Encrypts the secrets in the database. */
	seal: Seal
	nowMs: () => number
}

type Row = { secret: Buffer; lastStep: number | null; failures: number }

export type FactorUsed = 'totp' | 'recovery_code'

/** Compares a code. Uses a right code up, and counts a wrong one. The account must be locked. */
export async function takeCode(trx: Tx, deps: FactorDeps, userId: string, typed: string): Promise<FactorUsed | undefined> {
	const row: Row | undefined = await find(trx, userId).whereNotNull('confirmed_at')
	if (!row) return undefined
	const code = typed.replace(/[\s-]/g, '')
	if (isTotpCode(code)) return (await takeTotpCode(trx, deps, userId, row, code)) ? 'totp' : undefined
	if (!(await takeRecoveryCode(trx, userId, code))) return undefined
	await trx('second_factors').where({ user_id: userId }).update({ failures: 0 })
	return 'recovery_code'
}

/** Makes a secret that waits for confirmation by a code. The account must be locked. @throws Refusal forbidden when a second factor is on */
export async function beginSetup(trx: Tx, { seal }: FactorDeps, { id, email }: { id: string; email: string }) {
	if (await hasSecondFactor(trx, id)) throw new Refusal('forbidden', { message: 'Switch the present second factor off first' })
	const secret = newTotpSecret()
	const row = { secret: seal.close(secret, id), created_at: trx.fn.now(), failures: 0 }
	await trx('second_factors')
		.insert({ user_id: id, ...row })
		.onConflict('user_id')
		.merge(row)
	return totpSetup(secret, email)
}

/** How long a setup waits for its first code. */
const setupMinutes = 30

/**
 * Turns the second factor on if the code comes from its secret. The account must be locked.
 *
 * @throws Refusal token_expired when no setup was begun, or too long ago
 */
export async function confirmSetup(trx: Tx, deps: FactorDeps, userId: string, typed: string): Promise<boolean> {
	const row: Row | undefined = await find(trx, userId)
		.whereNull('confirmed_at')
		.whereRaw('created_at > now() - make_interval(mins => ?)', setupMinutes)
	if (!row) throw new Refusal('token_expired', { message: 'Begin to set the second factor up anew' })
	const isRight = await takeTotpCode(trx, deps, userId, row, typed.replace(/\s/g, ''))
	if (isRight) await trx('second_factors').where({ user_id: userId }).update({ confirmed_at: trx.fn.now() })
	return isRight
}

/** Removes the second factor. False when there was none. The account must be locked. */
export async function removeSecondFactor(trx: Tx, userId: string): Promise<boolean> {
	return (await trx('second_factors').where({ user_id: userId }).delete()) > 0
}

export function wrongCode() {
	return new Refusal('invalid_credentials', {
		message: 'The code is wrong or was used before',
		errors: [{ path: 'code', message: 'is wrong or was used before' }],
	})
}

export async function hasSecondFactor(db: DbOrTx, userId: string): Promise<boolean> {
	return (await find(db, userId).whereNotNull('confirmed_at')) !== undefined
}

function find(db: DbOrTx, userId: string) {
	return db('second_factors').first('secret', 'last_step as lastStep', 'failures').where({ user_id: userId })
}

/** Wrong codes in a row that NIST SP 800-63B §5.2.2 allows; then only a recovery code or an admin helps. */
const maxFailures = 100

/** Accepts a code once: refuses that code and older ones afterwards, even within their time. */
async function takeTotpCode(trx: Tx, { seal, nowMs }: FactorDeps, userId: string, row: Row, code: string): Promise<boolean> {
	const secret = row.failures < maxFailures ? seal.open(row.secret, userId) : undefined
	const step = secret && stepOfCode(secret, code, nowMs())
	const isRight = step !== undefined && step > (row.lastStep ?? 0)
	await trx('second_factors')
		.where({ user_id: userId })
		.update(isRight ? { last_step: step, failures: 0 } : { failures: row.failures + 1 })
	return isRight
}

const periodSeconds = 30

/** 160 random bits, the length of the HMAC (RFC 4226 §4). */
export const newTotpSecret = (): Uint8Array => new Secret({ size: 20 }).bytes

/** Writes the secret in the forms that authenticator apps read. */
export function totpSetup(secret: Uint8Array, account: string): { secret: string; uri: string } {
	const totp = totpOf(secret, account)
	return { secret: totp.secret.base32, uri: totp.toString() }
}

export const isTotpCode = (code: string): boolean => /^\d{6}$/.test(code)

/** Accepts a code of the step before or after, because phones' clocks are off and typing takes time (RFC 6238 §5.2). */
const window = 1

/** The time step of a code; undefined when the code is wrong. Steps count up, so that a used code is recognised (RFC 6238 §5.2). */
export function stepOfCode(secret: Uint8Array, code: string, nowMs: number): number | undefined {
	const delta = totpOf(secret).validate({ token: code, timestamp: nowMs, window })
	return delta === null ? undefined : TOTP.counter({ period: periodSeconds, timestamp: nowMs }) + delta
}

function totpOf(secret: Uint8Array, account = ''): TOTP {
	return new TOTP({
		issuer: 'Liveslot',
		label: account,
		// Every authenticator app supports SHA-1, and HMAC-SHA-1 has no known weakness.
		algorithm: 'SHA1',
		digits: 6,
		period: periodSeconds,
		secret: new Secret({ buffer: new Uint8Array(secret).buffer }),
	})
}

const recoveryCodes = 10
/** Without letters that look like digits. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groups = 4
const groupLength = 6

/** Replaces an account's codes with new ones. The account must be locked. */
export async function replaceRecoveryCodes(trx: Tx, userId: string): Promise<string[]> {
	const given = Array.from({ length: recoveryCodes }, newCode)
	await trx('recovery_codes').where({ user_id: userId }).delete()
	await trx('recovery_codes').insert(given.map(code => ({ user_id: userId, code_hash: digestSecret(code) })))
	return given
}

/** Uses a code up. False when the account has no such code, or it was used before. */
export async function takeRecoveryCode(trx: Tx, userId: string, typed: string): Promise<boolean> {
	const used = await trx('recovery_codes')
		.where({ user_id: userId, code_hash: digestSecret(asGiven(typed)), used_at: null })
		.update({ used_at: trx.fn.now() })
	return used > 0
}

export async function countRecoveryCodes(db: DbOrTx, userId: string): Promise<number> {
	const rows = await db('recovery_codes').select('code_hash').where({ user_id: userId, used_at: null })
	return rows.length
}

/** 120 random bits: a plain hash of them is safe to store and to look up (`digestSecret`). */
function newCode(): string {
	return inGroups(Array.from({ length: groups * groupLength }, () => alphabet.charAt(randomInt(alphabet.length))).join(''))
}

const inGroups = (letters: string): string => letters.match(new RegExp(`.{${groupLength}}`, 'g'))?.join('-') ?? letters

/** Turns a typed code into the form in which it was given out. */
function asGiven(typed: string): string {
	return inGroups(
		typed
			.toUpperCase()
			.replace(/[\s-]/g, '')
			.replace(/[OIL]/g, letter => (letter === 'O' ? '0' : '1')),
	)
}
