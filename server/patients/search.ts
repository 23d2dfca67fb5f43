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
