import type { Page } from '../../../contract/index.ts'
import { invalidInput } from '../refusal.ts'

/** Turns `limit + 1` rows into a page. The extra row shows that another page follows. */
export function toPage<Row, Item>(
	rows: Row[],
	limit: number,
	toItem: (row: Row) => Item,
	keyOf: (row: Row) => readonly (string | number)[],
): Page<Item> {
	const shown = rows.slice(0, limit)
	const last = shown.at(-1)
	return { items: shown.map(toItem), nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null }
}

/** @throws Refusal invalid_input for a cursor that this server did not write */
export function decodeCursor(cursor: string, parts: number): string[] {
	try {
		const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
		if (Array.isArray(key) && key.length === parts && key.every(part => ['string', 'number'].includes(typeof part))) return key.map(String)
	} catch {}
	throw invalidInput('cursor', 'is not one that this server gave out')
}

/** Cursors are opaque to clients: the sort key of the last item, as base64url JSON. */
export const encodeCursor = (key: readonly (string | number)[]): string => Buffer.from(JSON.stringify(key)).toString('base64url')
