import { analyticsEndpoints } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import type { Db } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { readAudit, toAuditEntry } from './audit.ts'
import { readFigures } from './figures.ts'

export type AnalyticsApi = { routes: Route[] }

const maxDays = 400
const dayMs = 86_400_000

/** The admin's view of the clinic: its figures, and the audit log. */
export function createAnalytics({ db }: { db: Db }): AnalyticsApi {
	const isDoctor = async (id: string) => isDatabaseId(id) && (await db('doctors').where({ id }).first('id')) !== undefined

	const figures = route(analyticsEndpoints.getAnalytics, async ({ query: { from, to, doctorId } }) => {
		if (daysIn(from, to) > maxDays) throw invalidInput('to', `must span at most ${maxDays} days`)
		if (doctorId !== undefined && !(await isDoctor(doctorId))) throw new Refusal('not_found')
		return await readFigures(db, { from, to, doctorId })
	})

	const audit = route(analyticsEndpoints.listAudit, async ({ query: { cursor, limit, ...filter } }) => {
		const rows = await readAudit(db, { ...filter, beforeId: beforeId(cursor), limit })
		return toPage(rows, limit, toAuditEntry, row => [row.id])
	})

	return { routes: [figures, audit] }
}

/** Days from the first through the last, both counted. */
const daysIn = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / dayMs + 1

function beforeId(cursor: string | undefined): string | undefined {
	if (cursor === undefined) return undefined
	const [id = ''] = decodeCursor(cursor, 1)
	if (!isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
	return id
}
