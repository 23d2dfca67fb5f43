import type { Config } from '../config.ts'
import type { Route } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Announcements } from './announcements.ts'
import { createHoursChanges, type HoursChanges } from './change.ts'
import { endLeftovers, type GeneratedForAll, generateForAll } from './generate-all.ts'
import { scheduleRoutes } from './routes.ts'

export type ScheduleDeps = {
	db: Db
	config: Pick<Config, 'slotDaysAhead'>
	log: Log
	announcements: Announcements
}

export type Schedules = {
	routes: Route[]
	/** Slots of every doctor through today + SLOT_DAYS_AHEAD: the nightly job. Safe to run at any time, and twice. */
	generateAll: () => Promise<GeneratedForAll>
	/** Ends slots that were left over until their visit was cancelled: every minute. */
	endLeftovers: () => Promise<GeneratedForAll>
	/** To be called in the transaction that changes a site's zone, archives it or opens it again. */
	followSite: HoursChanges['followSite']
}

/** Doctors, their weekly hours and time off, and the slots that follow from them. */
export function createSchedules(deps: ScheduleDeps): Schedules {
	const { db, config, log, announcements } = deps
	const hours = createHoursChanges({ db, slotDaysAhead: config.slotDaysAhead, announcements })
	const input = { db, log, days: config.slotDaysAhead, announcements }
	return {
		routes: scheduleRoutes({ db, slotDaysAhead: config.slotDaysAhead, announcements, hours }),
		generateAll: () => generateForAll(input),
		endLeftovers: () => endLeftovers(input),
		followSite: hours.followSite,
	}
}
