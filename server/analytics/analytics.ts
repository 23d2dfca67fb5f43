import { type Analytics, analyticsEndpoints } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, readSql } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { readAudit, toAuditEntry } from './audit.ts'
import { listRoutes } from './day-list.ts'
import { type HistoryDeps, historyRoutes } from './histories.ts'
import { readVisitsFile } from './visits-file.ts'

export type AnalyticsApi = { routes: Route[] }

const maxDays = 400
const dayMs = 86_400_000

/** The admin's view of the clinic: its figures, and the audit log. */
export function createAnalytics({ db, slotOf }: HistoryDeps): AnalyticsApi {
	const isDoctor = async (id: string) => isDatabaseId(id) && (await db('doctors').where({ id }).first('id')) !== undefined

	const figures = route(analyticsEndpoints.getAnalytics, async ({ query: { from, to, doctorId } }) => {
		if (daysIn(from, to) > maxDays) throw invalidInput('to', `must span at most ${maxDays} days`)
		if (doctorId !== undefined && !(await isDoctor(doctorId))) throw new Refusal('not_found')
		return await readFigures(db, { from, to, doctorId })
	})

	const audit = route(analyticsEndpoints.listAudit, async ({ query: { cursor, limit, ...filter } }) => {
		if (filter.patientId !== undefined && !isDatabaseId(filter.patientId)) return { items: [], nextCursor: null }
		const rows = await readAudit(db, { ...filter, beforeId: beforeId(cursor), limit })
		return toPage(rows, limit, toAuditEntry, row => [row.id])
	})

	const visits = route(analyticsEndpoints.getAppointmentsFile, async ({ query: { from, to, doctorId }, res }) => {
		if (daysIn(from, to) > maxDays) throw invalidInput('to', `must span at most ${maxDays} days`)
		if (doctorId !== undefined && !(await isDoctor(doctorId))) throw new Refusal('not_found')
		res.setHeader('Content-Disposition', `attachment; filename="appointments-${from}-${to}.csv"`)
		return await readVisitsFile(db, { from, to, doctorId })
	})

	return { routes: [figures, visits, audit, ...historyRoutes({ db, slotOf }), ...listRoutes({ db })] }
}

/** The number of days from the first through the last. */
const daysIn = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / dayMs + 1

function beforeId(cursor: string | undefined): string | undefined {
	if (cursor === undefined) return undefined
	const [id = ''] = decodeCursor(cursor, 1)
	if (!isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
	return id
}

const figuresSql = readSql('figures.sql', import.meta.url)

type Span = { from: string; to: string; doctorId: string | undefined }

type Counts = Analytics['totals']
type DoctorCounts = Counts & { doctorId: string; fullName: string }
type Figures = Pick<Analytics, 'byDay' | 'byHour' | 'byType' | 'byChannel' | 'moves' | 'leadTime'> & { byDoctor: DoctorCounts[] }

/** Figures of the visits that start between two dates, both inclusive, in each doctor's own zone. */
async function readFigures(db: Db, { from, to, doctorId }: Span): Promise<Analytics> {
	const { rows } = await db.raw<{ rows: Figures[] }>(figuresSql, { from, to, doctorId: doctorId ?? null })
	return { ...toAnalytics(rows[0] as Figures), ...(await readPunctuality(db, { from, to, doctorId })) }
}

/** Adds totals and shares to the counts. A share is null when its whole is zero. */
function toAnalytics({ byDoctor, byDay, byHour, byType, byChannel, moves, leadTime }: Figures): Omit<Analytics, 'waiting' | 'punctuality'> {
	const totals = sum(byDoctor)
	return {
		totals,
		byDay,
		byDoctor: byDoctor.map(({ booked: _booked, completed: _completed, ...counts }) => ({
			...counts,
			utilisation: share(counts.bookedSlots, counts.slots),
		})),
		byHour,
		byType,
		byChannel,
		moves,
		utilisation: share(totals.bookedSlots, totals.slots),
		leadTime,
		noShowRate: share(totals.noShow, totals.completed + totals.noShow),
		cancellationRate: share(totals.cancelled, totals.appointments),
	}
}

const punctualitySql = readSql('punctuality.sql', import.meta.url)

/** How long patients waited, and how late visits began, where the times of the day are known. */
async function readPunctuality(db: Db, { from, to, doctorId }: Span): Promise<Pick<Analytics, 'waiting' | 'punctuality'>> {
	const { rows } = await db.raw(punctualitySql, { from, to, doctorId: doctorId ?? null })
	return rows[0]
}

const countNames = ['appointments', 'booked', 'completed', 'cancelled', 'noShow', 'slots', 'bookedSlots'] as const

function sum(counts: Counts[]): Counts {
	return Object.fromEntries(countNames.map(name => [name, counts.reduce((total, each) => total + each[name], 0)])) as Counts
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
