import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { takeRecoveryCode } from './recovery-codes.ts'
import type { Seal } from './sealing.ts'
import { isTotpCode, newTotpSecret, stepOfCode, totpSetup } from './totp.ts'

/** The ids of those accounts that have a second factor. */
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

/** Compares a code. A right one is used up, a wrong one is counted. The account must be locked. */
export async function takeCode(trx: Tx, deps: FactorDeps, userId: string, typed: string): Promise<FactorUsed | undefined> {
	const row: Row | undefined = await find(trx, userId).whereNotNull('confirmed_at')
	if (!row) return undefined
	const code = typed.replace(/[\s-]/g, '')
	if (isTotpCode(code)) return (await takeTotpCode(trx, deps, userId, row, code)) ? 'totp' : undefined
	if (!(await takeRecoveryCode(trx, userId, code))) return undefined
	await trx('second_factors').where({ user_id: userId }).update({ failures: 0 })
	return 'recovery_code'
}

/** Makes a secret that waits for its confirmation. The account must be locked. @throws Refusal forbidden when a second factor is on */
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

/** Accepts a code once: neither that code nor an older one is accepted again, even within its time. */
async function takeTotpCode(trx: Tx, { seal, nowMs }: FactorDeps, userId: string, row: Row, code: string): Promise<boolean> {
	const secret = row.failures < maxFailures ? seal.open(row.secret, userId) : undefined
	const step = secret && stepOfCode(secret, code, nowMs())
	const isRight = step !== undefined && step > (row.lastStep ?? 0)
	await trx('second_factors')
		.where({ user_id: userId })
		.update(isRight ? { last_step: step, failures: 0 } : { failures: row.failures + 1 })
	return isRight
}
