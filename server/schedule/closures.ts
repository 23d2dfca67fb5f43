import type { Closure, ClosureInput, Page } from '../../contract/index.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type DbOrTx, readSql, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { rowsOf } from './calendars.ts'
import type { Span } from './generate.ts'
import { checkSite, dayAfter } from './plans.ts'

export type ClosureQuery = { from?: string | undefined; to?: string | undefined; cursor?: string | undefined; limit: number }

/** Closures that touch the dates, by their first day. @throws Refusal invalid_input for a cursor of another list */
export async function listClosures(db: DbOrTx, { from, to, cursor, limit }: ClosureQuery): Promise<Page<Closure>> {
	const query = db('closures')
		.orderBy(['first_day', 'id'])
		.limit(limit + 1)
		.select(columns)
	if (from) query.where('last_day', '>=', from)
	if (to) query.where('first_day', '<=', to)
	if (cursor) {
		const [day = '', id = ''] = decodeCursor(cursor, 2)
		if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)) || !isDatabaseId(id))
			throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(first_day, id) > (?::date, ?::bigint)', [day, id])
	}
	const rows: ClosureRow[] = await query
	return toPage(rows, limit, toClosure, row => [row.from, row.id])
}

/** @throws Refusal invalid_input for a site that takes no visits, or for more days than a closure may have */
export async function addClosure(trx: Tx, input: ClosureInput): Promise<Closure> {
	await checkClosure(trx, input)
	const row = { site_id: input.siteId ?? null, first_day: input.from, last_day: input.to, name: input.name }
	const [added] = await trx('closures')
		.insert(row)
		.returning<ClosureRow[]>(columns as never)
	return toClosure(added as ClosureRow)
}

/** @throws Refusal not_found */
export async function removeClosure(trx: Tx, closureId: string): Promise<Closure> {
	const [removed] = isDatabaseId(closureId)
		? await trx('closures')
				.where('id', closureId)
				.delete()
				.returning<ClosureRow[]>(columns as never)
		: []
	if (!removed) throw new Refusal('not_found')
	return toClosure(removed)
}

export async function checkClosure(db: DbOrTx, { siteId, from, to }: ClosureInput): Promise<void> {
	if (siteId !== undefined) await checkSite(db, siteId)
	if ((Date.parse(to) - Date.parse(from)) / dayMs >= maxDays) throw invalidInput('to', `must be within ${maxDays} days after from`)
}

export type ClosureEffects = { removed: number; conflicts: string[] }

/** How many slots that could be booked lie in a closure, and which future appointments, by start. */
export async function effectsOf(db: DbOrTx, { siteId, from, to }: Pick<Closure, 'siteId' | 'from' | 'to'>): Promise<ClosureEffects> {
	const [effects] = await rowsOf<ClosureEffects>(db, closureEffects, { siteId: siteId ?? null, from, to })
	return effects as ClosureEffects
}

/** From the earliest midnight of any zone to the latest: slots of neighbouring days stay as they are. */
export function spanOf({ from, to }: Pick<Closure, 'from' | 'to'>): Span {
	return { from: new Date(Date.parse(from) - 14 * hourMs), until: new Date(Date.parse(dayAfter(to)) + 12 * hourMs) }
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const maxDays = 366

const closureEffects = readSql('./closure_effects.sql', import.meta.url)

const columns = { id: 'id', siteId: 'site_id', from: 'first_day', to: 'last_day', name: 'name' }

type ClosureRow = Omit<Closure, 'siteId'> & { siteId: string | null }

function toClosure({ siteId, ...row }: ClosureRow): Closure {
	return { ...row, ...(siteId !== null && { siteId }) }
}
