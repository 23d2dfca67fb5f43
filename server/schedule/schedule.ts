import type { Config } from '../config.ts'
import type { Db } from '../platform/database/database.ts'
import type { Route } from '../platform/http/routes.ts'
import type { Log } from '../platform/observability/log.ts'
import { createAnnouncements } from './announcements.ts'
import { generateForAll } from './generate-all.ts'
import { scheduleRoutes } from './routes.ts'

export type ScheduleDeps = {
	db: Db
	config: Pick<Config, 'slotDaysAhead'>
	log: Log
	/** Announces slots that time off blocked or opened. Called after the commit. */
	announceSlots: (doctorId: string, startsAt: Date[]) => Promise<void>
	/** Makes the doctor's watchers start over from a snapshot, because slots were created or removed. Called after the commit. */
	announceSchedule: (doctorId: string) => Promise<void>
}

export type Schedules = {
	routes: Route[]
	/** The nightly job: generates every doctor's slots through today + SLOT_DAYS_AHEAD. Safe at any time, and twice at once. */
	generateAll: () => Promise<{ created: number; removed: number }>
}

/** Doctors, their weekly hours and time off, and the slots that follow from these. */
export function createSchedules(deps: ScheduleDeps): Schedules {
	const { db, config, log } = deps
	const announcements = createAnnouncements(deps)
	return {
		routes: scheduleRoutes({ db, slotDaysAhead: config.slotDaysAhead, announcements }),
		generateAll: () => generateForAll({ db, log, days: config.slotDaysAhead, onGenerated: announcements.generated }),
	}
}
