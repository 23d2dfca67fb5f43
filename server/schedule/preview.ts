import type { ScheduleInput, SchedulePreview, TimeOffPreview } from '../../contract/index.ts'
import type { Db } from '../platform/database/database.ts'
import { lockCalendars } from './calendars.ts'
import { findConflicts, generateAndList } from './generate.ts'
import { replaceSchedule } from './hours.ts'
import { addTimeOff, type NewTimeOff } from './time-off.ts'
import { whatIf } from './what-if.ts'

const maxStarts = 100

export function previewSchedule(db: Db, doctorId: string, schedule: ScheduleInput, days: number): Promise<SchedulePreview> {
	return whatIf(db, async trx => {
		await lockCalendars(trx, [doctorId])
		await replaceSchedule(trx, doctorId, schedule)
		const [generated] = await generateAndList(trx, { doctorIds: [doctorId], days }, maxStarts)
		const conflicts = await findConflicts(trx, [doctorId])
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

const written = (instants: Date[]) => instants.map(instant => instant.toISOString())
