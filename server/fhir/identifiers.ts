import { createHash } from 'node:crypto'
import type { Db } from '../platform/database/database.ts'
import type { Identifier } from './resources.ts'

// Identifiers that other systems bring. An absent system is the empty text.

export type Owner = 'patient_id' | 'appointment_id'

export type ExternalIdentifiers = ReturnType<typeof createExternalIdentifiers>

export function createExternalIdentifiers(db: Db) {
	return { of, idsWith, add, onePatientAtATime }

	/** The identifiers of each of these patients or appointments. */
	async function of(owner: Owner, ids: readonly string[]): Promise<Map<string, Identifier[]>> {
		const found = new Map<string, Identifier[]>()
		if (ids.length === 0) return found
		const rows = await db('external_identifiers').whereIn(owner, ids).orderBy('id').select('system', 'value', owner)
		for (const row of rows) {
			const list = found.get(row[owner]) ?? []
			found.set(row[owner], list)
			list.push({ ...(row.system !== '' && { system: row.system }), value: row.value })
		}
		return found
	}

	/** Those with one of the identifiers, each as a search writes it: `system|value`, `system|`, `|value` or `value`. */
	async function idsWith(owner: Owner, texts: readonly string[]): Promise<string[]> {
		const rows = await db('external_identifiers')
			.whereNotNull(owner)
			.where(anyOf => {
				for (const text of texts) {
					const bar = text.lastIndexOf('|')
					const [system, value] = bar === -1 ? [undefined, text] : [text.slice(0, bar), text.slice(bar + 1)]
					anyOf.orWhere({ ...(system !== undefined && { system }), ...(value !== '' && { value }) })
				}
			})
			.limit(1000)
			.distinct(owner)
		return texts.length === 0 ? [] : rows.map(row => row[owner])
	}

	async function add(owner: Owner, id: string, identifiers: readonly Identifier[]): Promise<void> {
		if (identifiers.length === 0) return
		const rows = identifiers.map(({ system = '', value }) => ({ system, value, [owner]: id }))
		await db('external_identifiers').insert(rows).onConflict().ignore()
	}

	/** Two requests that bring the same identifier must not both make a patient. */
	async function onePatientAtATime<T>(texts: readonly string[], work: () => Promise<T>): Promise<T> {
		if (texts.length === 0) return await work()
		return await inTurn(() =>
			db.transaction(async trx => {
				// In one order everywhere, so that two requests cannot wait for each other.
				const keys = texts.map(lockKey).sort()
				for (const key of keys) await trx.raw('SELECT pg_advisory_xact_lock(?::bigint)', [key])
				return await work()
			}),
		)
	}
}

const lockKey = (text: string) => createHash('sha256').update(`patient ${text}`).digest().readBigInt64BE().toString()

let last: Promise<unknown> = Promise.resolve()

/** One at a time on this node: the work needs a second connection, and all of them at once would leave none. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
	const turn = last.then(work, work)
	last = turn.catch(() => {})
	return turn
}
