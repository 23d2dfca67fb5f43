import { notificationEndpoints as endpoints, type Notification } from '../../contract/index.ts'
import { isStaff } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'

type Row = {
	id: string
	appointment_id: string
	kind: Notification['kind']
	channel: Notification['channel']
	lead_minutes: number
	due_at: Date
	retry_at: Date | null
	status: Notification['status']
	attempts: number
	sent_at: Date | null
	provider_id: string | null
	last_error: string | null
	text?: string | null
}

/** Shows the ledger to the desk, and lets the desk send a message again. */
export function deskRoutes({ db, nudge }: { db: Db; nudge: () => void }): Route[] {
	return [
		route(endpoints.listNotifications, async ({ params }, actor) => {
			const visit = isDatabaseId(params.id) && (await db('appointments').where({ id: params.id }).first('doctor_id', 'confirmed_at'))
			if (!visit || (!isStaff(actor) && visit.doctor_id !== actor.userId)) throw new Refusal('not_found')
			const rows: Row[] = await db('notification_queue as n')
				.leftJoin('list_messages as l', 'l.id', 'n.list_message_id')
				.where({ 'n.appointment_id': params.id })
				.orderBy(['n.due_at', 'n.id'])
				.select('n.*', 'l.text')
			return { confirmedAt: visit.confirmed_at?.toISOString() ?? null, items: rows.map(toNotification) }
		}),
		route(endpoints.retryNotification, async ({ params, origin }, actor) => {
			if (!isDatabaseId(params.id)) throw new Refusal('not_found')
			const row = await inTransaction(db, async trx => {
				const found: Row | undefined = await trx('notification_queue').where({ id: params.id }).forUpdate().first()
				if (!found) throw new Refusal('not_found')
				// The desk may retry a message that waits for its next try, or that was given up.
				const waits = found.status === 'due' && found.attempts > 0
				if (found.status !== 'failed' && !waits) throw new Refusal('wrong_status')
				const [changed]: Row[] = await trx('notification_queue')
					.where({ id: params.id })
					.update({ status: 'due', attempts: 0, retry_at: null, settled_at: null })
					.returning('*')
				const visit = await trx('appointments').where({ id: found.appointment_id }).first('id', 'patient_id')
				const details = { appointmentId: visit.id, patientId: visit.patient_id, from: { status: found.status }, to: { status: 'due' } }
				await recordAudit(trx, { actor, origin, action: 'retried', entity: 'notification', entityId: params.id, details })
				return changed as Row
			})
			nudge()
			return toNotification(row)
		}),
	]
}

function toNotification(row: Row): Notification {
	return {
		id: row.id,
		kind: row.kind,
		channel: row.channel,
		...(row.text && { text: row.text }),
		...(row.kind === 'reminder' && { leadMinutes: row.lead_minutes }),
		dueAt: row.due_at.toISOString(),
		status: row.status,
		attempts: row.attempts,
		...(row.status === 'due' && row.retry_at && { nextTryAt: row.retry_at.toISOString() }),
		...(row.sent_at && { sentAt: row.sent_at.toISOString() }),
		...(row.provider_id && { providerId: row.provider_id }),
		...(row.last_error && { error: row.last_error }),
	}
}
