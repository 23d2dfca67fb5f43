import { findingsIn } from '../../server/operations/check/check.ts'
import type { Db } from '../../server/platform/database/database.ts'
import { slotId } from '../../server/slots/slot-id.ts'

const minuteMs = 60_000

/** The start of the next whole hour at least `hours` ahead. */
export const hoursAhead = (hours: number): Date => new Date(Math.ceil((Date.now() + hours * 3_600_000) / 3_600_000) * 3_600_000)

export type SlotsOptions = { count?: number; minutes?: number; from?: Date }

/** Creates consecutive free slots of a doctor and returns their ids. */
export const someSlots = async (
	{ db }: { db: Db },
	doctorId: string,
	{ count = 1, minutes = 30, from = hoursAhead(24) }: SlotsOptions = {},
): Promise<string[]> => {
	const starts = Array.from({ length: count }, (_, index) => new Date(from.getTime() + index * minutes * minuteMs))
	await db.batchInsert(
		'appointment_slots',
		starts.map(startsAt => ({ doctor_id: doctorId, starts_at: startsAt, ends_at: new Date(startsAt.getTime() + minutes * minuteMs) })),
		1000,
	)
	return starts.map(startsAt => slotId(doctorId, startsAt.getTime() / minuteMs))
}

/** Creates a type of appointment and returns its id. */
export const aType = async ({ db }: { db: Db }, minutes: number): Promise<string> => {
	const [row] = await db('appointment_types')
		.insert({ name: `${minutes} minutes ${Math.random().toString(36).slice(2, 8)}`, minutes, position: 100 })
		.returning('id')
	return String(row.id)
}

/** Dates around the slots that `someSlots` makes by default. */
export const soon = () => {
	const date = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
	return { from: date(-1), to: date(30) }
}

/** Counts overlapping appointments, which promise 1 forbids. */
export const overlaps = async (db: Db): Promise<number> => (await findingsIn(db, ['overlapping appointments'])).length

/** Counts slots and appointments that disagree with each other. */
export const inconsistencies = async (db: Db): Promise<number> =>
	(await findingsIn(db, ['slots of others', 'appointments without slots'])).length
