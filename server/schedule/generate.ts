import { readSql, type Tx } from '../platform/database/database.ts'
import { lockCalendars, rowsOf } from './calendars.ts'

const onGrid = (file: string) => readSql('./slot_grid.sql', import.meta.url) + readSql(file, import.meta.url)

const removeMisfitSlots = onGrid('./remove_misfit_slots.sql')
const createMissingSlots = onGrid('./create_missing_slots.sql')
const findConflictingAppointments = onGrid('./find_conflicts.sql')
const findReach = readSql('./find_reach.sql', import.meta.url)

/** `now` defaults to the database's clock. Tests, and the seed of the demo clinic's past, pass another time. */
export type GenerationInput = { doctorIds: string[]; days: number; now?: Date }

export type Generated = { doctorId: string; created: number; removed: number; kept: number }

/**
 * Brings the future slots of these doctors in line with their schedules, through today + `days` in each doctor's zone.
 * Keeps booked slots, and creates none that overlaps them. Leaves doctors without a schedule alone.
 */
export async function generateSlots(trx: Tx, input: GenerationInput): Promise<Generated[]> {
	return (await generateAndList(trx, input, 0)).map(({ createdStarts: _created, removedStarts: _removed, ...generated }) => generated)
}

/** The calendars in which a generation created or removed slots. */
export function changedCalendars(generated: readonly Generated[]): { doctorId: string }[] {
	return generated.filter(({ created, removed }) => created + removed > 0).map(({ doctorId }) => ({ doctorId }))
}

/** The ids of future active appointments outside the doctor's hours, by start. Empty for a doctor without a schedule. */
export async function findConflicts(trx: Tx, doctorId: string, now?: Date): Promise<string[]> {
	const doctorIds = [doctorId]
	const { appointmentDays } = await reachOf(trx, doctorIds, now ?? null)
	if (appointmentDays === null) return []
	const values = { doctorIds, now: now ?? null, days: appointmentDays }
	const rows = await rowsOf<{ id: string }>(trx, findConflictingAppointments, values)
	return rows.map(({ id }) => id)
}

/** Adds the starts of the first created and removed slots, in order. */
export type ListedGeneration = Generated & { createdStarts: Date[]; removedStarts: Date[] }

type Values = { doctorIds: string[]; days: number; now: Date | null; listed: number }
type Removed = { doctorId: string; removed: number; removedStarts: Date[] | null }
type Created = { doctorId: string; created: number; kept: number; createdStarts: Date[] | null }

/** Like `generateSlots`; also returns the starts of the first `listed` created and removed slots. */
export async function generateAndList(trx: Tx, { doctorIds, days, now }: GenerationInput, listed: number): Promise<ListedGeneration[]> {
	await lockCalendars(trx, doctorIds)
	const values = { doctorIds, days, now: now ?? null, listed }
	const removed = await removeMisfits(trx, values)
	const rows = await rowsOf<Created>(trx, createMissingSlots, values)
	return rows.map(({ createdStarts, ...row }) => {
		const gone = removed.get(row.doctorId)
		return { ...row, removed: gone?.removed ?? 0, createdStarts: createdStarts ?? [], removedStarts: gone?.removedStarts ?? [] }
	})
}

async function removeMisfits(trx: Tx, values: Values): Promise<Map<string, Removed>> {
	const { slotDays } = await reachOf(trx, values.doctorIds, values.now)
	if (slotDays === null) return new Map()
	const rows = await rowsOf<Removed>(trx, removeMisfitSlots, { ...values, days: Math.max(values.days, slotDays) })
	return new Map(rows.map(row => [row.doctorId, row]))
}

type Reach = { slotDays: number | null; appointmentDays: number | null }

/** How many days ahead the last slot and the last appointment of these doctors lie. */
async function reachOf(trx: Tx, doctorIds: string[], now: Date | null): Promise<Reach> {
	const [reach] = await rowsOf<Reach>(trx, findReach, { doctorIds, now })
	return reach ?? { slotDays: null, appointmentDays: null }
}
