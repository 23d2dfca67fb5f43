import {
	notificationEndpoints as endpoints,
	type NotificationPreferences,
	type NotificationPreferencesInput,
} from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, type DbOrTx, inTransaction, readSql } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { NoticePolicy } from './ledger.ts'

const columnOf = {
	email: 'notify_email',
	sms: 'notify_sms',
	push: 'notify_push',
	language: 'language',
	timeZone: 'time_zone',
} as const satisfies Record<keyof NotificationPreferencesInput, string>

const columns = Object.values(columnOf)

export function preferenceRoutes({ db, notices }: { db: Db; notices: NoticePolicy }): Route[] {
	return [
		route(endpoints.getOwnPreferences, (_input, actor) => read(own(actor))),
		route(endpoints.updateOwnPreferences, ({ body, origin }, actor) => update(own(actor), body, actor, origin)),
		route(endpoints.getPatientPreferences, ({ params }) => read(params.id)),
		route(endpoints.updatePatientPreferences, ({ params, body, origin }, actor) => update(params.id, body, actor, origin)),
	]

	async function read(patientId: string): Promise<NotificationPreferences> {
		const row = isDatabaseId(patientId) && (await db('patients').where({ id: patientId, erasure_asked_at: null }).first(columns))
		if (!row) throw new Refusal('not_found')
		return toPreferences(row)
	}

	function toPreferences(row: Record<(typeof columns)[number], never>): NotificationPreferences {
		return {
			email: row.notify_email,
			sms: row.notify_sms,
			push: row.notify_push,
			language: row.language,
			timeZone: row.time_zone,
			offered: [...notices.channels],
		}
	}

	function own(actor: Actor): string {
		if (actor.patientId === undefined) throw new Refusal('not_found')
		return actor.patientId
	}

	function update(
		patientId: string,
		choices: NotificationPreferencesInput,
		actor: Actor,
		origin: Origin,
	): Promise<NotificationPreferences> {
		const given = Object.entries(choices).filter(([, value]) => value !== undefined)
		if (given.length === 0) return read(patientId)
		if (!isDatabaseId(patientId)) throw new Refusal('not_found')
		const values = Object.fromEntries(given.map(([field, value]) => [columnOf[field as keyof NotificationPreferencesInput], value]))
		return inTransaction(db, async trx => {
			const [row] = await trx('patients')
				.where({ id: patientId, erasure_asked_at: null })
				.update({ ...values, updated_at: trx.fn.now() })
				.returning(columns)
			if (!row) throw new Refusal('not_found')
			await remindOverNewChannels(trx, patientId, notices)
			const details = Object.fromEntries(given)
			await recordAudit(trx, { actor, origin, action: 'chose_notifications', entity: 'patient', entityId: patientId, details })
			return toPreferences(row as never)
		})
	}
}

const addReminders = readSql('./add_reminders.sql', import.meta.url)

/** Writes reminders of visits that were booked before the patient chose these channels. */
export async function remindOverNewChannels(db: DbOrTx, patientId: string, { channels, leadMinutes }: NoticePolicy): Promise<void> {
	await db.raw(addReminders, [patientId, [...channels], [...leadMinutes]])
}
