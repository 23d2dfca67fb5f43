import type { Analytics } from '../../contract/index.ts'
import { type Db, readSql } from '../platform/database/database.ts'

const figuresSql = readSql('figures.sql', import.meta.url)

export type Span = { from: string; to: string; doctorId: string | undefined }

type Counts = Analytics['totals']
type DoctorCounts = Counts & { doctorId: string; fullName: string }
type Figures = Pick<Analytics, 'byDay' | 'byHour' | 'leadTime'> & { byDoctor: DoctorCounts[] }

/** Figures of the visits that start between two dates, both inclusive, in each doctor's own zone. */
export async function readFigures(db: Db, { from, to, doctorId }: Span): Promise<Analytics> {
	const { rows } = await db.raw<{ rows: Figures[] }>(figuresSql, { from, to, doctorId: doctorId ?? null })
	return toAnalytics(rows[0] as Figures)
}

/** Adds totals and shares to the counts. A share is null when its whole is zero. */
function toAnalytics({ byDoctor, byDay, byHour, leadTime }: Figures): Analytics {
	const totals = sum(byDoctor)
	return {
		totals,
		byDay,
		byDoctor: byDoctor.map(({ booked: _booked, completed: _completed, ...counts }) => ({
			...counts,
			utilisation: share(counts.bookedSlots, counts.slots),
		})),
		byHour,
		utilisation: share(totals.bookedSlots, totals.slots),
		leadTime,
		noShowRate: share(totals.noShow, totals.completed + totals.noShow),
		cancellationRate: share(totals.cancelled, totals.appointments),
	}
}

const countNames = ['appointments', 'booked', 'completed', 'cancelled', 'noShow', 'slots', 'bookedSlots'] as const

function sum(counts: Counts[]): Counts {
	return Object.fromEntries(countNames.map(name => [name, counts.reduce((total, each) => total + each[name], 0)])) as Counts
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
