import { randomInt } from 'node:crypto'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { digestSecret } from './secrets.ts'

const codes = 10
/** Without letters that are taken for digits. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groups = 4
const groupLength = 6

const inGroups = (letters: string): string => letters.match(new RegExp(`.{${groupLength}}`, 'g'))?.join('-') ?? letters

/** 120 random bits, so that a plain hash can be stored (`digestSecret`), and found by it. */
const newCode = (): string =>
	inGroups(Array.from({ length: groups * groupLength }, () => alphabet.charAt(randomInt(alphabet.length))).join(''))

/** A code as it was given out, however it was typed in. */
const asGiven = (typed: string): string =>
	inGroups(
		typed
			.toUpperCase()
			.replace(/[\s-]/g, '')
			.replace(/[OIL]/g, letter => (letter === 'O' ? '0' : '1')),
	)

/** Gives new codes in place of those before. The account must be locked. */
export const replaceRecoveryCodes = async (trx: Tx, userId: string): Promise<string[]> => {
	const given = Array.from({ length: codes }, newCode)
	await trx('recovery_codes').where({ user_id: userId }).delete()
	await trx('recovery_codes').insert(given.map(code => ({ user_id: userId, code_hash: digestSecret(code) })))
	return given
}

/** Whether the code was good; it is used up then. */
export const takeRecoveryCode = async (trx: Tx, userId: string, typed: string): Promise<boolean> => {
	const used = await trx('recovery_codes')
		.where({ user_id: userId, code_hash: digestSecret(asGiven(typed)), used_at: null })
		.update({ used_at: trx.fn.now() })
	return used > 0
}

export const countRecoveryCodes = async (db: DbOrTx, userId: string): Promise<number> => {
	const rows = await db('recovery_codes').select('code_hash').where({ user_id: userId, used_at: null })
	return rows.length
}
