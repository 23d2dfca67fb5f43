import { doctorEndpoints as endpoints } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Announcements, lockCalendars } from './calendars.ts'
import { doctorToPlan, findActiveDoctor, findDoctor, listAppointmentTypes, listDoctors } from './doctors.ts'
import { changedCalendars, findConflicts, generateSlots } from './generate.ts'
import { generateForAll } from './generate-all.ts'
import { checkTimeZone, findSchedule, replaceSchedule } from './hours.ts'
import { previewSchedule } from './preview.ts'
import { timeOffRoutes } from './time-off-routes.ts'

export type ScheduleDeps = {
	db: Db
	config: Pick<Config, 'slotDaysAhead'>
	log: Log
	announcements: Announcements
}

export type Schedules = {
	routes: Route[]
	/** The nightly job: generates every doctor's slots through today + SLOT_DAYS_AHEAD. Safe to run at any time, and twice. */
	generateAll: () => Promise<{ created: number; removed: number }>
}

/** Doctors, their weekly hours and time off, and the slots that follow from them. */
export function createSchedules(deps: ScheduleDeps): Schedules {
	const { db, config, log, announcements } = deps
	return {
		routes: scheduleRoutes({ db, slotDaysAhead: config.slotDaysAhead, announcements }),
		generateAll: () => generateForAll({ db, log, days: config.slotDaysAhead, announcements }),
	}
}

type ScheduleRouteDeps = { db: Db; slotDaysAhead: number; announcements: Announcements }

function scheduleRoutes({ db, slotDaysAhead, announcements }: ScheduleRouteDeps): Route[] {
	return [
		publicRoute(endpoints.listDoctors, ({ query }) => listDoctors(db, query)),

		publicRoute(endpoints.getDoctor, async ({ params }, actor) => {
			const doctor = await doctorFor(db, params.id, actor)
			if (!doctor) throw new Refusal('not_found')
			return doctor
		}),

		publicRoute(endpoints.listAppointmentTypes, () => listAppointmentTypes(db)),

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
				// Every slot of the calendar is shown at another wall-clock time now.
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

/** Staff, and the doctor, see a doctor before the approval too, because they may plan the calendar. */
function doctorFor(db: Db, doctorId: string, actor: Actor | null) {
	return isStaff(actor) || actor?.userId === doctorId ? findDoctor(db, doctorId) : findActiveDoctor(db, doctorId)
}

const mayPlan = (actor: Actor, doctorId: string) => actor.role === 'admin' || actor.userId === doctorId
