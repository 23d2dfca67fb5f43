import type { Schedule, ScheduleInput } from '../../contract/index.ts'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { invalidInput } from '../platform/refusal.ts'

/**
 * PostgreSQL turns wall-clock times into instants, so it must know the zone too. Its list of zones may be older than Node's.
 *
 * @throws Refusal invalid_input
 */
export async function checkTimeZone(db: DbOrTx, timeZone: string): Promise<void> {
	try {
		await db.raw('SELECT now() AT TIME ZONE ?', [timeZone])
	} catch (error) {
		if ((error as { code?: string }).code === '22023') throw invalidInput('timeZone', 'must be an IANA time zone that the database knows')
		throw error
	}
}

/** Replaces the weekly hours and the doctor's time zone. The next generation changes the slots. */
export async function replaceSchedule(trx: Tx, doctorId: string, input: ScheduleInput): Promise<Schedule> {
	const weekly = input.weekly.toSorted(byStart)
	const row = {
		doctor_id: doctorId,
		slot_minutes: input.slotMinutes,
		weekly: JSON.stringify(weekly),
		valid_from: input.validFrom ?? null,
		valid_until: input.validUntil ?? null,
		updated_at: trx.fn.now(),
	}
	await trx('doctor_schedules').insert(row).onConflict('doctor_id').merge()
	await trx('doctors').where('id', doctorId).update({ time_zone: input.timeZone })
	return await findSchedule(trx, { id: doctorId, timeZone: input.timeZone })
}

type ScheduleRow = {
	slot_minutes: number
	weekly: Schedule['weekly']
	valid_from: string | null
	valid_until: string | null
}

/** A doctor's weekly hours. A doctor without a schedule has no hours, and slots of half an hour. */
export async function findSchedule(db: DbOrTx, { id, timeZone }: { id: string; timeZone: string }): Promise<Schedule> {
	const row: ScheduleRow | undefined = await db('doctor_schedules').where('doctor_id', id).first()
	if (!row) return { doctorId: id, timeZone, slotMinutes: 30, weekly: [] }
	return {
		doctorId: id,
		timeZone,
		slotMinutes: row.slot_minutes,
		weekly: row.weekly,
		validFrom: row.valid_from,
		validUntil: row.valid_until,
	}
}

const byStart = (a: Schedule['weekly'][number], b: Schedule['weekly'][number]) => a.weekday - b.weekday || (a.start < b.start ? -1 : 1)
