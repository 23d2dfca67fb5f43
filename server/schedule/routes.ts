import { doctorEndpoints as endpoints } from '../../contract/index.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Announcements, changedCalendars } from './announcements.ts'
import { doctorToPlan, findActiveDoctor, findDoctor } from './doctors.ts'
import { findConflicts, generateSlots } from './generate.ts'
import { checkTimeZone, findSchedule, replaceSchedule } from './hours.ts'
import { previewSchedule } from './preview.ts'
import { lockCalendars } from './statements.ts'
import { timeOffRoutes } from './time-off-routes.ts'

export type ScheduleRouteDeps = { db: Db; slotDaysAhead: number; announcements: Announcements }

export function scheduleRoutes({ db, slotDaysAhead, announcements }: ScheduleRouteDeps): Route[] {
	return [
		publicRoute(endpoints.getSchedule, async ({ params }, actor) => {
			const doctor = await doctorFor(db, params.id, actor)
			if (!doctor) throw new Refusal('not_found')
			return await findSchedule(db, doctor)
		}),

		route(endpoints.putSchedule, async ({ params, body, origin }, actor) => {
			const doctor = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			await checkTimeZone(db, body.timeZone)
			const answer = await inTransaction(db, async trx => {
				await lockCalendars(trx, [doctor.id])
				const schedule = await replaceSchedule(trx, doctor.id, body)
				const conflicts = await findConflicts(trx, doctor.id)
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
				const conflicts = await findConflicts(trx, doctor.id)
				const [{ created, removed } = { created: 0, removed: 0 }] = generated
				const details = { days, created, removed }
				await recordAudit(trx, { actor, origin, action: 'generated_slots', entity: 'schedule', entityId: doctor.id, details })
				return { generated, conflicts }
			})
			await announcements.tell()
			const [{ created, removed, kept } = { created: 0, removed: 0, kept: 0 }] = generated
			return { created, removed, kept, conflicts }
		}),

		...timeOffRoutes({ db, announcements }),
	]
}

/** Those who plan a calendar see its doctor before the approval too. */
function doctorFor(db: Db, doctorId: string, actor: Actor | null) {
	return isStaff(actor) || actor?.userId === doctorId ? findDoctor(db, doctorId) : findActiveDoctor(db, doctorId)
}

const mayPlan = (actor: Actor, doctorId: string) => actor.role === 'admin' || actor.userId === doctorId
