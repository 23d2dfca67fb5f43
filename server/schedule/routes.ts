import { doctorEndpoints as endpoints } from '../../contract/index.ts'
import type { Actor } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { checkTimeZone } from '../platform/database/time-zones.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Announcements, changedCalendars } from './announcements.ts'
import type { HoursChanges } from './change.ts'
import { doctorToPlan, doctorToShow } from './doctors.ts'
import { findConflicts, generateSlots, settleSkipped } from './generate.ts'
import { findSchedule, replaceSchedule } from './hours.ts'
import { hoursRoutes } from './hours-routes.ts'
import { previewSchedule } from './preview.ts'
import { lockCalendars } from './statements.ts'
import { timeOffRoutes } from './time-off-routes.ts'

export type ScheduleRouteDeps = { db: Db; slotDaysAhead: number; announcements: Announcements; hours: HoursChanges }

export function scheduleRoutes({ db, slotDaysAhead, announcements, hours }: ScheduleRouteDeps): Route[] {
	return [
		publicRoute(endpoints.getSchedule, async ({ params }, actor) => {
			return await findSchedule(db, await doctorToShow(db, params.id, actor))
		}),

		route(endpoints.putSchedule, async ({ params, body, origin }, actor) => {
			const doctor = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			await checkTimeZone(db, body.timeZone)
			const answer = await inTransaction(db, async trx => {
				await lockCalendars(trx, [doctor.id])
				const schedule = await replaceSchedule(trx, doctor.id, body)
				const conflicts = await findConflicts(trx, [doctor.id])
				const details = { slotMinutes: body.slotMinutes, timeZone: body.timeZone, conflicts: conflicts.length }
				await recordAudit(trx, { actor, origin, action: 'replaced', entity: 'schedule', entityId: doctor.id, details })
				// Watchers show the doctor's wall-clock time.
				if (body.timeZone !== doctor.timeZone) await announcements.write(trx, [{ doctorId: doctor.id }])
				return { ...schedule, conflicts }
			})
			await announcements.tell()
			return answer
		}),

		route(endpoints.previewSchedule, async ({ params, body: { days, ...schedule } }, actor) => {
			const doctor = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			await checkTimeZone(db, schedule.timeZone)
			return await previewSchedule(db, doctor.id, schedule, days ?? slotDaysAhead)
		}),

		route(endpoints.generateSlots, async ({ params, body, origin }, actor) => {
			const doctor = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			const days = body.days ?? slotDaysAhead
			const { generated, conflicts } = await inTransaction(db, async trx => {
				const generated = await generateSlots(trx, { doctorIds: [doctor.id], days })
				await announcements.write(trx, changedCalendars(generated))
				const conflicts = await findConflicts(trx, [doctor.id])
				const [{ created, removed } = { created: 0, removed: 0 }] = generated
				const details = { days, created, removed }
				await recordAudit(trx, { actor, origin, action: 'generated_slots', entity: 'schedule', entityId: doctor.id, details })
				return { generated, conflicts }
			})
			await announcements.tell()
			await settleSkipped(db, announcements, generated, { days })
			const [{ created, removed, kept } = { created: 0, removed: 0, kept: 0 }] = generated
			return { created, removed, kept, conflicts }
		}),

		...hoursRoutes({ db, hours }),
		...timeOffRoutes({ db, announcements }),
	]
}

const mayPlan = (actor: Actor, doctorId: string) => actor.role === 'admin' || actor.userId === doctorId
