import { randomInt } from 'node:crypto'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { digestSecret } from './secrets.ts'

const codes = 10
/** Without letters that look like digits. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groups = 4
const groupLength = 6

/** Replaces an account's codes with new ones. The account must be locked. */
export async function replaceRecoveryCodes(trx: Tx, userId: string): Promise<string[]> {
	const given = Array.from({ length: codes }, newCode)
	await trx('recovery_codes').where({ user_id: userId }).delete()
	await trx('recovery_codes').insert(given.map(code => ({ user_id: userId, code_hash: digestSecret(code) })))
	return given
}

/** Uses a code up. False when it is not one, or was used before. */
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
