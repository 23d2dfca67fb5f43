import type { DatedHours, OpenRange } from '../../contract/index.ts'
import { type DbOrTx, readSql, type Tx } from '../platform/database/database.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { rowsOf } from './calendars.ts'
import type { Span } from './generate.ts'
import { checkSite } from './plans.ts'

/** Days between two dates, both inclusive, that have hours of their own. */
export async function listDatedHours(db: DbOrTx, doctorId: string, { from, to }: { from: string; to: string }): Promise<DatedHours[]> {
	const rows: { day: string; ranges: StoredRange[] }[] = await db('dated_hours')
		.where('doctor_id', doctorId)
		.whereBetween('day', [from, to])
		.orderBy('day')
		.select('day', 'ranges')
	return rows.map(({ day, ranges }) => ({ date: day, ranges: ranges.map(toRange) }))
}

/**
 * Gives a day hours of its own.
 *
 * @throws Refusal invalid_input for a day that is over or far off, or a site that takes no visits
 */
export async function setDatedHours(trx: Tx, doctorId: string, { date, ranges }: DatedHours): Promise<{ hours: DatedHours; span: Span }> {
	const days = (Date.parse(date) - Date.now()) / 86_400_000
	if (days < -2 || days > maxDaysAhead) throw invalidInput('date', `must be a day from today on, at most ${maxDaysAhead} days ahead`)
	for (const siteId of new Set(ranges.flatMap(range => range.siteId ?? []))) await checkSite(trx, siteId, 'ranges')
	const before = await rangesOf(trx, doctorId, date)
	const sorted = ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1))
	await trx.raw(setHours, { doctorId, day: date, ranges: JSON.stringify(sorted.map(toStored)) })
	return { hours: { date, ranges: sorted }, span: await spanOf(trx, doctorId, date, [...(before ?? []), ...sorted.map(toStored)]) }
}

/** Returns a day to the hours of the plan. @throws Refusal not_found when it has none of its own */
export async function removeDatedHours(trx: Tx, doctorId: string, date: string): Promise<{ span: Span }> {
	const before = await rangesOf(trx, doctorId, date)
	if (!before) throw new Refusal('not_found')
	const span = await spanOf(trx, doctorId, date, before)
	await trx('dated_hours').where({ doctor_id: doctorId, day: date }).delete()
	return { span }
}

/** In the database's words: slot_grid.sql reads them. */
type StoredRange = { start: string; end: string; site_id?: string }

const maxDaysAhead = 730

const setHours = readSql('./set_dated_hours.sql', import.meta.url)
const daySpan = readSql('./day_span.sql', import.meta.url)

async function rangesOf(trx: Tx, doctorId: string, date: string): Promise<StoredRange[] | undefined> {
	const row = await trx('dated_hours').where({ doctor_id: doctorId, day: date }).first('ranges')
	return row?.ranges
}

async function spanOf(trx: Tx, doctorId: string, date: string, ranges: StoredRange[]): Promise<Span> {
	const siteIds = ranges.flatMap(range => range.site_id ?? [])
	const [span] = await rowsOf<Span>(trx, daySpan, { doctorId, day: date, siteIds })
	return span as Span
}

const toStored = ({ start, end, siteId }: OpenRange): StoredRange => ({ start, end, ...(siteId !== undefined && { site_id: siteId }) })
const toRange = ({ start, end, site_id }: StoredRange): OpenRange => ({ start, end, ...(site_id !== undefined && { siteId: site_id }) })
