import { type Clinic, type ClinicChanges, clinicEndpoints as endpoints } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { checkTimeZone } from '../platform/database/time-zones.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { given, withoutUndefined } from './fields.ts'
import { type Picture, readPicture, showPicture } from './pictures.ts'
import { type PolicyDefaults, type PolicyRow, toPolicy } from './policy.ts'

export type ProfileDeps = {
	db: Db
	/** What holds until an admin has set something else. */
	defaults: PolicyDefaults
	/** This node booked by what the policies were, and showed the clinic as it was. */
	changed: () => void
	/** To be called in the transaction that changes when the clinic reminds. */
	planRemindersAgain: (trx: Tx) => Promise<void>
	/** To be called once the clinic has another horizon. */
	followHorizon: () => Promise<void>
}

/** Who the clinic is: the one row of its table. */
export function profileRoutes(deps: ProfileDeps): Route[] {
	const { db } = deps
	return [
		publicRoute(endpoints.getClinic, () => readClinic(deps)),

		route(endpoints.updateClinic, async ({ body, origin }, actor) => {
			const clinic = await updateClinic(deps, actor, body, origin)
			deps.changed()
			if (body.policy?.slotDaysAhead !== undefined) await deps.followHorizon()
			return clinic
		}),

		publicRoute(endpoints.getLogo, async ({ query, res }) => {
			const row = await db('clinic').first('logo as bytes', 'logo_type as type', 'logo_version as version')
			return showPicture(res, row?.bytes ? (row as Picture) : undefined, query.v)
		}),

		route(endpoints.putLogo, async ({ file, origin }, actor) => {
			await replaceLogo(db, actor, readPicture(file), origin)
			deps.changed()
		}),

		route(endpoints.removeLogo, async ({ origin }, actor) => {
			await replaceLogo(db, actor, undefined, origin)
			deps.changed()
		}),
	]
}

export async function readClinic({ db, defaults }: { db: DbOrTx; defaults: PolicyDefaults }): Promise<Clinic> {
	const row: Row = await db('clinic').first(
		'name',
		'address',
		'phone',
		'email',
		'website',
		'time_zone',
		'locale',
		'privacy_url',
		'imprint_url',
		'accent',
		'logo_version',
		'cancel_cutoff_minutes',
		'max_upcoming_per_patient',
		'overbooking',
		'has_waitlist',
		'reminder_minutes',
		'slot_days_ahead',
	)
	const { name, address, phone, email, website, accent } = row
	return {
		name,
		...given({ address, phone, email, website }),
		timeZone: row.time_zone,
		locale: row.locale,
		...given({
			privacyUrl: row.privacy_url,
			imprintUrl: row.imprint_url,
			logoUrl: row.logo_version && `/api/v1/clinic/logo?v=${row.logo_version}`,
			accent,
		}),
		policy: toPolicy(row, defaults),
	}
}

type Row = PolicyRow & {
	name: string
	address: Clinic['address'] | null
	phone: string | null
	email: string | null
	website: string | null
	time_zone: string
	locale: string
	privacy_url: string | null
	imprint_url: string | null
	accent: string | null
	logo_version: string | null
}

/** @throws Refusal invalid_input for a time zone that PostgreSQL does not know */
async function updateClinic(
	{ db, defaults, planRemindersAgain }: ProfileDeps,
	actor: Actor,
	changes: ClinicChanges,
	origin: Origin,
): Promise<Clinic> {
	const { policy = {}, address, timeZone, privacyUrl, imprintUrl, ...same } = changes
	if (timeZone !== undefined) await checkTimeZone(db, timeZone)
	return await inTransaction(db, async trx => {
		await trx('clinic').update({
			...withoutUndefined(same),
			...withoutUndefined({
				address: address && JSON.stringify(address),
				time_zone: timeZone,
				privacy_url: privacyUrl,
				imprint_url: imprintUrl,
				cancel_cutoff_minutes: policy.cancelCutoffMinutes,
				max_upcoming_per_patient: policy.maxUpcomingPerPatient,
				overbooking: policy.overbooking,
				has_waitlist: policy.waitlist,
				reminder_minutes: policy.reminderMinutes,
				slot_days_ahead: policy.slotDaysAhead,
			}),
			updated_at: trx.fn.now(),
		})
		if (policy.reminderMinutes !== undefined) await planRemindersAgain(trx)
		await recordAudit(trx, { actor, origin, action: 'updated', entity: 'clinic', details: { fields: Object.keys(changes), policy } })
		return await readClinic({ db: trx, defaults })
	})
}

function replaceLogo(db: Db, actor: Actor, logo: Picture | undefined, origin: Origin): Promise<void> {
	return inTransaction(db, async trx => {
		const { bytes = null, type = null, version = null } = logo ?? {}
		await trx('clinic').update({ logo: bytes, logo_type: type, logo_version: version, updated_at: trx.fn.now() })
		const action = logo ? 'replaced_logo' : 'removed_logo'
		await recordAudit(trx, { actor, origin, action, entity: 'clinic', ...(logo && { details: { bytes: logo.bytes.length } }) })
	})
}
