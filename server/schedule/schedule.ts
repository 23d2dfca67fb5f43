import pTimeout from 'p-timeout'
import { doctorEndpoints as endpoints } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Actor } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { checkTimeZone } from '../platform/database/time-zones.ts'
import type { Log } from '../platform/observability/log.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Announcements, lockCalendars } from './calendars.ts'
import { createHoursChanges, type HoursChanges } from './change.ts'
import { doctorToPlan, doctorToShow } from './doctors.ts'
import { changedCalendars, findConflicts, generateSlots, settleSkipped } from './generate.ts'
import { endLeftovers, type GeneratedForAll, generateForAll } from './generate-all.ts'
import { holidayRoutes } from './holidays.ts'
import { readHorizon } from './horizon.ts'
import { findSchedule, replaceSchedule } from './hours.ts'
import { hoursRoutes } from './hours-routes.ts'
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
	/** The nightly job: generates every doctor's slots through today + the clinic's horizon. Safe to run at any time, and twice. */
	generateAll: () => Promise<GeneratedForAll>
	/** Runs every minute: removes leftover slots whose visit was cancelled. */
	endLeftovers: () => Promise<GeneratedForAll>
	/** Brings all slots in line with another horizon. Returns after a while, though the work may go on: then the coming night finishes it. */
	followHorizon: () => Promise<void>
	/** To be called in the transaction that changes a site's zone, archives it or opens it again. */
	followSite: HoursChanges['followSite']
}

/** Doctors, their weekly hours and time off, and the slots that follow from them. */
export function createSchedules(deps: ScheduleDeps): Schedules {
	const { db, config, log, announcements } = deps
	const hours = createHoursChanges({ db, slotDaysAhead: config.slotDaysAhead, announcements })
	const input = { db, log, slotDaysAhead: config.slotDaysAhead, announcements }
	return {
		routes: scheduleRoutes({ db, slotDaysAhead: config.slotDaysAhead, announcements, hours }),
		generateAll: () => generateForAll(input),
		endLeftovers: () => endLeftovers(input),
		followHorizon,
		followSite: hours.followSite,
	}

	async function followHorizon(): Promise<void> {
		const following = generateForAll({ ...input, cutsBeyond: true }).catch(err => log.error({ err }, 'slots do not follow the horizon yet'))
		await pTimeout(following, { milliseconds: followingMs, message: false })
	}
}

/** Many doctors take longer than an admin should wait. */
const followingMs = 5000

type ScheduleRouteDeps = { db: Db; slotDaysAhead: number; announcements: Announcements; hours: HoursChanges }

function scheduleRoutes({ db, slotDaysAhead, announcements, hours }: ScheduleRouteDeps): Route[] {
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
			return await previewSchedule(db, doctor.id, schedule, days ?? (await readHorizon(db, slotDaysAhead)).days)
		}),

		route(endpoints.generateSlots, async ({ params, body, origin }, actor) => {
			const doctor = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			const days = body.days ?? (await readHorizon(db, slotDaysAhead)).days
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
		...holidayRoutes(),
		...timeOffRoutes({ db, announcements }),
	]
}

const mayPlan = (actor: Actor, doctorId: string) => actor.role === 'admin' || actor.userId === doctorId
