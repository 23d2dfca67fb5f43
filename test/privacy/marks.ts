import { randomBytes } from 'node:crypto'

export type Marks = ReturnType<typeof createMarks>

/** Matches every mark: words, phone numbers and birth dates of forms that nothing else has. */
const pattern = /mk[a-z]+[0-9a-f]{10}|777[0-9]{8}|19[01][0-9]-[0-9]{2}-[0-9]{2}/gi

/** Creates unique personal details, so that a text with one of them shows its owner. */
export function createMarks() {
	const owners = new Map<string, string>()
	const word = (owner: string, kind: string) => mark(owner, `Mk${kind}${randomBytes(5).toString('hex')}`)
	const digits = (count: number) => Array.from(randomBytes(count), byte => byte % 10).join('')

	return {
		word,
		email: (owner: string) => `${word(owner, 'mail').toLowerCase()}@example.com`,
		phone: (owner: string) => `+49 ${mark(owner, `777${digits(8)}`)}`,
		birthDate: (owner: string) =>
			mark(owner, new Date(Date.UTC(1900, 0, 1) + 86_400_000 * Math.floor(Math.random() * 7000)).toISOString().slice(0, 10)),
		/** Marks in a text, except those of its reader. */
		foreignIn: (text: string, reader?: string): string[] =>
			[...new Set(text.toLowerCase().match(pattern) ?? [])].filter(found => owners.has(found) && owners.get(found) !== reader),
	}

	function mark(owner: string, text: string): string {
		owners.set(text.toLowerCase(), owner)
		return text
	}
}
