import type { Db } from '../platform/database/database.ts'
import { birthDatesOf } from './birth-dates.ts'
import { isNear, roughly } from './misspelling.ts'
import { phoneFragments } from './phones.ts'
import { columns, type PatientRow } from './store.ts'

export type PatientSearch = { query: string; after: PatientRow | undefined; limit: number; country?: string | undefined }

/**
 * Finds patients of whose name, e-mail address, phone number or birth date every word is a part. When there is none, finds those whose
 * name is a slip of the keys away. Sorts by name, then id,. Reads one row more than `limit`, which shows
 * whether there is a next page; misspelt names have one page.
 */
export async function searchPatients(db: Db, search: PatientSearch): Promise<{ rows: PatientRow[]; isSimilar: boolean }> {
	const { query, after, limit, country } = search
	const condition = searchCondition(query, country)
	const rows = await db<PatientRow>('patients')
		.select(columns)
		.whereNull('erasure_asked_at')
		.modify(matching => {
			if (condition) matching.whereRaw(condition.sql, condition.values)
			if (after) matching.whereRaw('(lower(full_name), id) > (lower(?), ?)', [after.full_name, after.id])
		})
		.orderByRaw('lower(full_name), id')
		.limit(limit + 1)
	if (rows.length > 0 || after) return { rows, isSimilar: false }
	const similar = await findMisspelt(db, wordsOf(query), search)
	return { rows: similar, isSimilar: similar.length > 0 }
}

/** A condition of a `WHERE` clause, with the values of its question marks in order. */
export type Condition = { sql: string; values: string[] }

/** Undefined for an empty query. */
export function searchCondition(query: string, country?: string): Condition | undefined {
	const words = wordsOf(query)
	if (words.length === 0) return query.trim() === '' ? undefined : { sql: 'false', values: [] }
	return anyOf([allOf(words.map(word => wordCondition(word, country))), ...(words.length > 1 ? inPhone(query, country) : [])])
}

/** Trigram indexes need three characters. Shorter fragments search only names, which have an index of their own. */
const minFragmentLength = 3

/** "Last, First" is two words; punctuation that names are written with or without is none. */
function wordsOf(query: string): string[] {
	const words = query.normalize().split(/[\s,;]+/)
	return [...new Set(words.filter(word => /[^'’ʼ`\u2010-\u2015\p{M}-]/u.test(word)))]
}

function wordCondition(word: string, country: string | undefined): Condition {
	if ([...word].length < minFragmentLength) return inName(word)
	return anyOf([inName(word), inEmail(word), ...inPhone(word, country), ...bornOn(word)])
}

/** Only what has a doubled vowel in it is another word when folded closely. */
function inName(word: string): Condition {
	const name = { sql: 'search_name LIKE containing(folded(?))', values: [word] }
	if (!/[aou]e|aa|[æœ]/.test(roughly(word))) return name
	return anyOf([name, { sql: 'search_name LIKE containing(folded_closely(?))', values: [word] }])
}

const inEmail = (word: string): Condition => ({ sql: 'lower(email) LIKE containing(lower(?))', values: [word] })

function inPhone(text: string, country: string | undefined): Condition[] {
	return phoneFragments(text, country).map(digits => ({ sql: 'phone_digits LIKE ?', values: [`%${digits}%`] }))
}

function bornOn(word: string): Condition[] {
	return birthDatesOf(word).map(date => ({ sql: 'birth_date = ?', values: [date] }))
}

function anyOf(conditions: Condition[]): Condition {
	return joined(conditions, ' OR ')
}

function allOf(conditions: Condition[]): Condition {
	return joined(conditions, ' AND ')
}

function joined(conditions: Condition[], operator: string): Condition {
	return {
		sql: `(${conditions.map(({ sql }) => sql).join(operator)})`,
		values: conditions.flatMap(({ values }) => values),
	}
}

/** Shorter words have too many neighbours. */
const minMisspeltLength = 4
/** How much of a word's trigrams another one has: two letters that changed places in the middle of a word spoil most of them. */
const similarity = 0.3
/** So many words are compared letter by letter, and so many looked for at most. */
const compared = 300
const mostNear = 12
const mostFound = 2000

/** Every word must be part of the name, or near one of its words: first the words, then the names that have them. */
async function findMisspelt(db: Db, words: string[], { limit, country }: PatientSearch): Promise<PatientRow[]> {
	const isLong = (word: string) => [...word].length >= minMisspeltLength && /^\p{L}/u.test(word)
	if (!words.some(isLong)) return []
	const near = await Promise.all(words.map(async word => (isLong(word) ? await nearWords(db, word) : undefined)))
	if (near.some(each => each?.length === 0)) return []
	const condition = allOf(words.map((word, at) => (near[at] ? withWord(near[at]) : wordCondition(word, country))))
	const rows: PatientRow[] = await db('patients')
		.select(columns)
		.whereNull('erasure_asked_at')
		// Found first and sorted then: the planner would walk all names in order to save the sort.
		.whereRaw(`id = ANY (ARRAY(SELECT id FROM patients WHERE ${condition.sql} LIMIT ${mostFound}))`, condition.values)
		.orderByRaw('lower(full_name), id')
		.limit(limit)
	return rows
}

/** The words are as an index has them. */
function withWord(words: string[]): Condition {
	return { sql: `string_to_array(search_name, ' ') && ARRAY[${words.map(() => '?').join(', ')}]`, values: words }
}

/** Words of patients' names that are a slip of the keys away, nearest first. */
async function nearWords(db: Db, typed: string): Promise<string[]> {
	return await db.transaction(async trx => {
		// The planner takes comparing words for cheap, and would compare all.
		await trx.raw(`SELECT set_config('pg_trgm.word_similarity_threshold', ?, true), set_config('enable_seqscan', 'off', true)`, [
			String(similarity),
		])
		const { rows }: { rows: { word: string }[] } = await trx.raw(similarWords, [typed, typed, compared])
		return rows.flatMap(({ word }) => (isNear(typed, word) ? [word] : [])).slice(0, mostNear)
	})
}

export const similarWords =
	'SELECT word FROM patient_words WHERE folded(?) <% word ORDER BY word_similarity(folded(?), word) DESC, length(word) LIMIT ?'
