import type { Page, TimeOff } from '../../contract/index.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type DbOrTx, readSql, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput } from '../platform/refusal.ts'
import { lockCalendars, rowsOf } from './calendars.ts'

type Span = { doctorId: string; startsAt: Date; endsAt: Date }

type TimeOffRow = Span & { id: string; reason: string | null }

const columns = { id: 'id', doctorId: 'doctor_id', startsAt: 'starts_at', endsAt: 'ends_at', reason: 'reason' }

/** Lists time off that has not ended, by start. @throws Refusal invalid_input for a cursor of another list */
export async function listTimeOff(
	db: DbOrTx,
	doctorId: string,
	{ cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Page<TimeOff>> {
	const query = db('time_off')
		.where('doctor_id', doctorId)
		.whereRaw('ends_at > now()')
		.orderBy(['starts_at', 'id'])
		.limit(limit + 1)
		.select(columns)
	if (cursor) {
		const [start = '', id = ''] = decodeCursor(cursor, 2)
		const startsAt = new Date(start)
		if (Number.isNaN(startsAt.getTime()) || !isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(starts_at, id) > (?, ?::bigint)', [startsAt, id])
	}
	const rows: TimeOffRow[] = await query
	return toPage(rows, limit, toTimeOff, row => [row.startsAt.toISOString(), row.id])
}

export type NewTimeOff = Span & { reason: string | undefined; createdBy: string }

/** Blocks the slots of the span. Appointments in it stay, and are returned as conflicts. */
export async function addTimeOff(trx: Tx, { reason, createdBy, ...span }: NewTimeOff) {
	const { doctorId, startsAt, endsAt } = span
	await lockCalendars(trx, [doctorId])
	const [added] = await trx('time_off')
		.insert({ doctor_id: doctorId, starts_at: startsAt, ends_at: endsAt, reason, created_by: createdBy })
		.returning<{ id: string }[]>('id')
	const changedStarts = await blockWhereOff(trx, span)
	const conflicts: { id: string }[] = await trx('appointments')
		.where('doctor_id', doctorId)
		.whereIn('status', ['booked', 'checked_in', 'in_progress'])
		.where('starts_at', '<', endsAt)
		.where('ends_at', '>', startsAt)
		.orderBy(['starts_at', 'id'])
		.select('id')
	return { id: (added as { id: string }).id, conflicts: conflicts.map(({ id }) => id), changedStarts }
}

/** Opens the slots again, except those that other time off covers. Undefined when the doctor has no such time off. */
export async function removeTimeOff(
	trx: Tx,
	{ doctorId, timeOffId }: { doctorId: string; timeOffId: string },
): Promise<{ span: { startsAt: Date; endsAt: Date }; changedStarts: Date[] } | undefined> {
	if (!isDatabaseId(timeOffId)) return undefined
	await lockCalendars(trx, [doctorId])
	const [removed] = await trx('time_off')
		.where({ id: timeOffId, doctor_id: doctorId })
		.delete()
		.returning<TimeOffRow[]>(columns as never)
	if (!removed) return undefined
	const { startsAt, endsAt } = removed
	return { span: { startsAt, endsAt }, changedStarts: await blockWhereOff(trx, removed) }
}

function toTimeOff({ startsAt, endsAt, reason, ...row }: TimeOffRow): TimeOff {
	return {
		...row,
		startsAt: startsAt.toISOString(),
		endsAt: endsAt.toISOString(),
		...(reason !== null && { reason }),
	}
}

const blockSlots = readSql('./block_slots.sql', import.meta.url)

/** Blocks the slots of a span that time off covers, and opens the others. Returns the starts of the slots that changed. */
async function blockWhereOff(trx: Tx, span: Span): Promise<Date[]> {
	const rows = await rowsOf<{ startsAt: Date }>(trx, blockSlots, span)
	return rows.map(({ startsAt }) => startsAt)
}
