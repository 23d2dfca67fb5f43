import type { ClinicPolicy } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Route } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { type AppointmentTypes, createAppointmentTypes } from './appointment-types.ts'
import { doctorRoutes } from './doctor-profiles.ts'
import { createDoctors, type Doctors } from './doctors.ts'
import { createEmbed, type EmbedDomain } from './embed.ts'
import { createFront, type Front } from './front.ts'
import { createPolicy } from './policy.ts'
import { type ProfileDeps, profileRoutes, readClinic } from './profile.ts'
import { setupRoutes } from './setup.ts'
import { type FollowSite, siteRoutes } from './sites.ts'
import { typeRoutes } from './type-admin.ts'

export type ClinicDeps = { db: Db; run: Run; config: Pick<Config, 'cancelCutoffMs' | 'reminderLeadMinutes' | 'slotDaysAhead'> }

export type ClinicDomain = {
	types: AppointmentTypes
	doctors: Doctors
	/** The clinic's policies, a second old at most. */
	policy: () => Promise<ClinicPolicy>
	/** Where the clinic is, or its first site: an ISO 3166-1 code. */
	country: () => Promise<string | undefined>
	routes: (deps: { followSite: FollowSite } & Pick<ProfileDeps, 'planRemindersAgain' | 'followHorizon'>) => Route[]
	front: Front
	embedded: EmbedDomain['pages']
}

/** What a practice sets up: itself, its sites, its kinds of appointment, its doctors' profiles. */
export function createClinic({ db, run, config }: ClinicDeps): ClinicDomain {
	const defaults = {
		cancelCutoffMinutes: Math.round(config.cancelCutoffMs / 60_000),
		reminderMinutes: config.reminderLeadMinutes,
		slotDaysAhead: config.slotDaysAhead,
	}
	const types = createAppointmentTypes(run)
	const policy = createPolicy(run, defaults)
	const front = createFront({ read: () => readClinic({ db, defaults }) })
	const embed = createEmbed(db)
	const changed = () => {
		policy.forget()
		front.forget()
	}
	return {
		types,
		doctors: createDoctors(run),
		policy: policy.get,
		country: async () => (await run<{ country: string | null }>(countryOf, []))[0]?.country ?? undefined,
		front,
		embedded: embed.pages,
		routes: ({ followSite, ...follow }) => [
			...profileRoutes({ db, defaults, changed, ...follow }),
			...siteRoutes(db, followSite),
			...typeRoutes({ db, changed: types.forget }),
			...doctorRoutes(db),
			...setupRoutes(db),
			...embed.routes,
		],
	}
}

const countryOf = {
	name: 'country of the clinic',
	text: `SELECT coalesce(
		(SELECT address ->> 'country' FROM clinic LIMIT 1),
		(SELECT address ->> 'country' FROM sites WHERE archived_at IS NULL AND address IS NOT NULL ORDER BY id LIMIT 1)
	) AS country`,
}
