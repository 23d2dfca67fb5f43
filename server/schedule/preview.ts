import type { ScheduleInput, SchedulePreview, TimeOffPreview } from '../../contract/index.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { lockCalendars } from './calendars.ts'
import { findConflicts, generateAndList } from './generate.ts'
import { replaceSchedule } from './hours.ts'
import { addTimeOff, type NewTimeOff } from './time-off.ts'

const maxStarts = 100

export function previewSchedule(db: Db, doctorId: string, schedule: ScheduleInput, days: number): Promise<SchedulePreview> {
	return whatIf(db, async trx => {
		await lockCalendars(trx, [doctorId])
		await replaceSchedule(trx, doctorId, schedule)
		const [generated] = await generateAndList(trx, { doctorIds: [doctorId], days }, maxStarts)
		const conflicts = await findConflicts(trx, doctorId)
		const { created = 0, removed = 0, kept = 0, createdStarts = [], removedStarts = [] } = generated ?? {}
		return { created, removed, kept, conflicts, createdStarts: written(createdStarts), removedStarts: written(removedStarts) }
	})
}

export function previewTimeOff(db: Db, timeOff: NewTimeOff): Promise<TimeOffPreview> {
	return whatIf(db, async trx => {
		const { conflicts, changedStarts } = await addTimeOff(trx, timeOff)
		const free = trx('appointment_slots').where('doctor_id', timeOff.doctorId).whereNull('appointment_id').whereRaw('starts_at > now()')
		const [{ blocked } = { blocked: 0 }] = await free.whereIn('starts_at', changedStarts).select(trx.raw('count(*)::integer AS blocked'))
		return { blocked, conflicts }
	})
}

/** A preview locks the slots that it would remove. Bookings of these slots wait, but no longer than this. */
const longestMs = 3000

/** Thrown to roll a transaction back, and to carry the outcome out of it. */
class Undo<T> extends Error {
	readonly outcome: T

	constructor(outcome: T) {
		super('undone on purpose')
		this.outcome = outcome
	}
}

/** Runs the body that saving runs, and rolls it back, so that a preview cannot differ from saving. */
async function whatIf<T>(db: Db, body: (trx: Tx) => Promise<T>): Promise<T> {
	try {
		return await inTransaction(db, async trx => {
			await trx.raw(`SET LOCAL statement_timeout = ${longestMs}`)
			throw new Undo(await body(trx))
		})
	} catch (error) {
		if (error instanceof Undo) return error.outcome
		throw error
	}
}

const written = (instants: Date[]) => instants.map(instant => instant.toISOString())
