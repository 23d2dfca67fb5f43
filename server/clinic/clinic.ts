import type { ClinicPolicy } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Route } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'
import { type AppointmentTypes, createAppointmentTypes } from './appointment-types.ts'
import { doctorRoutes } from './doctor-profiles.ts'
import { createDoctors, type Doctors } from './doctors.ts'
import { createPolicy } from './policy.ts'
import { profileRoutes } from './profile.ts'
import { setupRoutes } from './setup.ts'
import { type SiteDeps, siteRoutes } from './sites.ts'
import { typeRoutes } from './type-admin.ts'

export type ClinicDomain = {
	types: AppointmentTypes
	doctors: Doctors
	/** The clinic's policies, a second old at most. */
	policy: () => Promise<ClinicPolicy>
	routes: (deps: Pick<SiteDeps, 'generateSlots'>) => Route[]
}

/** What a practice sets up: itself, its sites, its kinds of appointment, its doctors' profiles. */
export function createClinic({
	db,
	run,
	log,
	config,
}: {
	db: Db
	run: Run
	log: Log
	config: Pick<Config, 'cancelCutoffMs'>
}): ClinicDomain {
	const defaults = { cancelCutoffMinutes: Math.round(config.cancelCutoffMs / 60_000) }
	const types = createAppointmentTypes(run)
	const policy = createPolicy(run, defaults)
	return {
		types,
		doctors: createDoctors(run),
		policy: policy.read,
		routes: ({ generateSlots }) => [
			...profileRoutes({ db, defaults, changed: policy.forget }),
			...siteRoutes({ db, log, generateSlots }),
			...typeRoutes({ db, changed: types.forget }),
			...doctorRoutes(db),
			...setupRoutes(db),
		],
	}
}
