import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, inTransaction, readSql, type Tx } from '../platform/database/database.ts'
import { type Announcements, lockCalendars, rowsOf } from './calendars.ts'

/**
 * `now` defaults to the database's clock. Tests, and the seed of the demo clinic's past, pass another time. With a span, a generation
 * only changes slots that start in it. It leaves slots beyond its days as they are, unless it cuts them.
 */
export type GenerationInput = { doctorIds: string[]; days: number; now?: Date; span?: Span | undefined; cutsBeyond?: boolean }

/** From an instant, inclusive, until another, exclusive; null means without end. */
export type Span = { from: Date; until: Date | null }

/**
 * `marked` slots keep their visit: the hours lost them, so they are leftover, or have them again. `skipped` slots were locked by a
 * booking: `settleSkipped` looks at them again after the commit.
 */
export type Generated = { doctorId: string; created: number; removed: number; kept: number; marked: number; skipped: number }

/**
 * Brings the future slots of these doctors in line with their hours, through today + `days` in the zone of each site. Keeps booked
 * slots, and creates none that overlaps them; booked slots that the hours no longer have are leftover, and end with their visit.
 * Leaves the slots of doctors without any hours as they are.
 */
export async function generateSlots(trx: Tx, input: GenerationInput): Promise<Generated[]> {
	return (await generateAndList(trx, input, 0)).map(({ createdStarts: _created, removedStarts: _removed, ...generated }) => generated)
}

/**
 * The calendars in which a generation created, removed or marked slots. When a visit is cancelled, its leftover slot stays closed, and
 * watchers must show that.
 */
export function changedCalendars(generated: readonly Generated[]): { doctorId: string }[] {
	return generated.filter(({ created, removed, marked }) => created + removed + marked > 0).map(({ doctorId }) => ({ doctorId }))
}

/** Adds the starts of the first created and removed slots, in order. */
export type ListedGeneration = Generated & { createdStarts: Date[]; removedStarts: Date[] }

/** Like `generateSlots`; also returns the starts of the first `listed` created and removed slots. */
export async function generateAndList(
	trx: Tx,
	{ doctorIds, days, now, span, cutsBeyond = false }: GenerationInput,
	listed: number,
): Promise<ListedGeneration[]> {
	await lockCalendars(trx, doctorIds)
	const values = { doctorIds, days, now: now ?? null, from: span?.from ?? null, until: span?.until ?? null, listed }
	const fitted = await fitSlots(trx, values, cutsBeyond)
	const rows = await rowsOf<Created>(trx, createMissingSlots, values)
	return rows.map(({ createdStarts, ...row }) => {
		const { removed = 0, removedStarts = null, marked = 0, skipped = 0 } = fitted.get(row.doctorId) ?? {}
		return { ...row, removed, marked, skipped, createdStarts: createdStarts ?? [], removedStarts: removedStarts ?? [] }
	})
}

/**
 * Generates again, after the commit, for doctors some of whose slots were locked by a booking: these are booked or free by now. A
 * booking takes milliseconds; slots that are still locked after some tries are left for the coming night.
 */
export async function settleSkipped(
	db: Db,
	announcements: Announcements,
	generated: readonly Generated[],
	input: Omit<GenerationInput, 'doctorIds'>,
): Promise<void> {
	let doctorIds = skippedIn(generated)
	for (let tries = 0; doctorIds.length > 0 && tries < 5; tries++) {
		await sleep(pauseMs)
		const again = await inTransaction(db, async trx => {
			const again = await generateSlots(trx, { ...input, doctorIds })
			await announcements.write(trx, changedCalendars(again))
			return again
		})
		doctorIds = skippedIn(again)
	}
}

/**
 * The ids of future active appointments outside the doctors' hours, by start. Empty for a doctor without any hours, unless a span is
 * given.
 */
export async function findConflicts(
	trx: Tx,
	doctorIds: string[],
	{ now, span }: Pick<GenerationInput, 'now' | 'span'> = {},
): Promise<string[]> {
	const { appointmentDays } = await reachOf(trx, doctorIds, now ?? null)
	if (appointmentDays === null) return []
	const values = { doctorIds, now: now ?? null, from: span?.from ?? null, until: span?.until ?? null, days: appointmentDays }
	const rows = await rowsOf<{ id: string }>(trx, findConflictingAppointments, values)
	return rows.map(({ id }) => id)
}

/** A booking that had locked a slot is done by then. */
const pauseMs = 100

const onGrid = (file: string) => readSql('./slot_grid.sql', import.meta.url) + readSql(file, import.meta.url)

const fit = onGrid('./fit_slots.sql')
const createMissingSlots = onGrid('./create_missing_slots.sql')
const findConflictingAppointments = onGrid('./find_conflicts.sql')
const findReach = readSql('./find_reach.sql', import.meta.url)

type Values = { doctorIds: string[]; days: number; now: Date | null; from: Date | null; until: Date | null; listed: number }
type Fitted = { doctorId: string; removed: number; removedStarts: Date[] | null; marked: number; skipped: number }
type Created = { doctorId: string; created: number; kept: number; createdStarts: Date[] | null }

async function fitSlots(trx: Tx, values: Values, cutsBeyond: boolean): Promise<Map<string, Fitted>> {
	const { slotDays } = await reachOf(trx, values.doctorIds, values.now)
	if (slotDays === null) return new Map()
	const days = cutsBeyond ? values.days : Math.max(values.days, slotDays)
	const rows = await rowsOf<Fitted>(trx, fit, { ...values, days })
	return new Map(rows.map(row => [row.doctorId, row]))
}

type Reach = { slotDays: number | null; appointmentDays: number | null }

/** How many days ahead the last slot and the last appointment of these doctors lie. */
async function reachOf(trx: Tx, doctorIds: string[], now: Date | null): Promise<Reach> {
	const [reach] = await rowsOf<Reach>(trx, findReach, { doctorIds, now })
	return reach ?? { slotDays: null, appointmentDays: null }
}

function skippedIn(generated: readonly Generated[]): string[] {
	return generated.filter(({ skipped }) => skipped > 0).map(({ doctorId }) => doctorId)
}
