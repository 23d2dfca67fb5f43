import type { Patient, PatientInput } from '../../contract/index.ts'
import type { Db, DbOrTx, Tx } from '../platform/database/database.ts'

export type PatientRow = {
	id: string
	user_id: string | null
	full_name: string
	phone: string | null
	email: string | null
	birth_date: string | null
}

const columns = ['id', 'user_id', 'full_name', 'phone', 'email', 'birth_date']

export function toPatient(row: PatientRow): Patient {
	return {
		id: row.id,
		fullName: row.full_name,
		...(row.phone && { phone: row.phone }),
		...(row.email && { email: row.email }),
		...(row.birth_date && { birthDate: row.birth_date }),
		...(row.user_id && { userId: row.user_id }),
	}
}

/** Undefined also from the moment at which a patient's erasure is requested. */
export async function findPatient(db: DbOrTx, id: string): Promise<PatientRow | undefined> {
	return await db<PatientRow>('patients').where({ id }).whereNull('erasure_asked_at').first(columns)
}

export type PatientSearch = { query: string; after: PatientRow | undefined; limit: number }

/** Sorts by name, then id. Reads one row more than `limit`, which shows whether there is a next page. */
export async function searchPatients(db: Db, { query, after, limit }: PatientSearch): Promise<PatientRow[]> {
	const condition = searchCondition(query)
	return await db<PatientRow>('patients')
		.select(columns)
		.whereNull('erasure_asked_at')
		.modify(rows => {
			if (condition) rows.whereRaw(condition.sql, condition.values)
			if (after) rows.whereRaw('(lower(full_name), id) > (lower(?), ?)', [after.full_name, after.id])
		})
		.orderByRaw('lower(full_name), id')
		.limit(limit + 1)
}

export async function insertPatient(trx: Tx, input: PatientInput): Promise<PatientRow> {
	const [row] = await trx<PatientRow>('patients')
		.insert({
			full_name: composed(input.fullName),
			phone: input.phone,
			email: input.email ?? null,
			birth_date: input.birthDate ?? null,
		})
		.returning(columns)
	return row as PatientRow
}

export type PatientChange = { fullName?: string; phone?: string | null; email?: string | null; birthDate?: string | null }

const columnOf = { fullName: 'full_name', phone: 'phone', email: 'email', birthDate: 'birth_date' } as const

/**
 * Changes the file, and the name and phone of the patient's account with it. Keeps the account's e-mail address, because
 * the patient signs in with it; the address in the file is where the desk writes.
 */
export async function updatePatient(trx: Tx, id: string, change: PatientChange): Promise<PatientRow | undefined> {
	const given = Object.entries({ ...change, ...(change.fullName && { fullName: composed(change.fullName) }) }).filter(
		([, value]) => value !== undefined,
	)
	const values = Object.fromEntries(given.map(([field, value]) => [columnOf[field as keyof PatientChange], value]))
	const [row]: PatientRow[] = await trx('patients')
		.where({ id })
		.whereNull('erasure_asked_at')
		.update({ ...values, updated_at: trx.fn.now() })
		.returning(columns)
	if (row?.user_id && ('full_name' in values || 'phone' in values)) {
		await trx('users').where({ id: row.user_id }).update({ full_name: row.full_name, phone: row.phone, updated_at: trx.fn.now() })
	}
	return row
}

const composed = (name: string) => name.normalize()

/** A condition of a `WHERE` clause, with the values of its question marks in order. */
export type Condition = { sql: string; values: string[] }

/** Trigram indexes need three characters. Shorter fragments search only names, which have an index of their own. */
const minFragmentLength = 3

/**
 * Matches patients when each word is part of the name, the e-mail address or (by its digits) the phone number; or when the
 * whole query is part of the phone number, whatever its punctuation. Undefined for an empty query.
 */
export function searchCondition(query: string): Condition | undefined {
	const words = [...new Set(query.normalize().split(/\s+/).filter(Boolean))]
	if (words.length === 0) return undefined
	return anyOf([allOf(words.map(wordCondition)), ...(words.length > 1 ? inPhone(query) : [])])
}

function anyOf(conditions: Condition[]): Condition {
	return {
		sql: `(${conditions.map(({ sql }) => sql).join(' OR ')})`,
		values: conditions.flatMap(({ values }) => values),
	}
}

function allOf(conditions: Condition[]): Condition {
	return {
		sql: `(${conditions.map(({ sql }) => sql).join(' AND ')})`,
		values: conditions.flatMap(({ values }) => values),
	}
}

function wordCondition(word: string): Condition {
	return [...word].length < minFragmentLength ? inName(word) : anyOf([inName(word), inEmail(word), ...inPhone(word)])
}

// The database lowers both sides, because it and JavaScript may disagree about lower case.
const inName = (word: string): Condition => ({ sql: 'lower(full_name) LIKE lower(?)', values: [containing(word)] })
const inEmail = (word: string): Condition => ({ sql: 'lower(email) LIKE lower(?)', values: [containing(word)] })

const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`

function inPhone(text: string): Condition[] {
	const digits = isPhoneLike(text) ? digitsOf(text) : ''
	return digits.length >= minFragmentLength ? [{ sql: 'phone_digits LIKE ?', values: [containing(digits)] }] : []
}

const isPhoneLike = (text: string) => /^[+0-9 ()./-]+$/.test(text)

const digitsOf = (text: string) => text.replace(/[^0-9]/g, '')
