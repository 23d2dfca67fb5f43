import { hash } from 'node:crypto'
import { type ListMessageReach, listEndpoints, type NotificationChannel } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, type DbOrTx, inTransaction } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { newId } from '../platform/new-id.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'

/**
 * What the desk writes to all visits of a list. Each message is a row of the ledger, which the dispatcher looks at again before it
 * sends: what a patient does not want, or what is no longer true, is not sent.
 */
export function listMessageRoutes({ db, channels, nudge }: ListMessagesDeps): Route[] {
	return [
		route(listEndpoints.previewListMessage, async ({ body }) => toReach(body.appointmentIds, await readReached(db, body.appointmentIds))),
		route(listEndpoints.sendListMessage, async ({ body, origin, idempotencyKey = newId() }, actor) => {
			const { appointmentIds, text } = body
			const fingerprint = hash('sha256', JSON.stringify([[...appointmentIds].sort(), text]), 'base64url')
			const answer = await inTransaction(db, async trx => {
				const row = { text, written_by: actor.userId, idempotency_key: idempotencyKey, fingerprint }
				const [inserted] = await trx('list_messages').insert(row).onConflict(['written_by', 'idempotency_key']).ignore().returning('id')
				const id: string = inserted?.id ?? (await earlier(trx, { by: actor.userId, key: idempotencyKey, fingerprint }))
				const reached = await readReached(trx, appointmentIds)
				const reach = toReach(appointmentIds, reached)
				if (!inserted) return { id, ...reach }
				await writeMessages(trx, id, reached)
				const counts = { visits: reach.visits, messages: reached.reduce((sum, each) => sum + each.channels.length, 0) }
				await trx('list_messages').where({ id }).update(counts)
				await recordAudit(trx, { actor, origin, action: 'messaged', entity: 'list_message', entityId: id, details: counts })
				return { id, ...reach }
			})
			nudge()
			return answer
		}),
	]

	/** Visits to come, with the channels that reach their patients. */
	async function readReached(trx: DbOrTx, appointmentIds: readonly string[]): Promise<Reached[]> {
		const { rows } = await trx.raw(reachedSql, { ids: appointmentIds.filter(isDatabaseId), channels: [...channels] })
		return rows
	}
}

export type ListMessagesDeps = { db: Db; channels: readonly NotificationChannel[]; nudge: () => void }

type Reached = { id: string; sequence: number; patient_name: string; channels: NotificationChannel[] }

const reachedSql = `
	WITH visits AS (
		SELECT a.id, a.sequence, a.patient_id, a.starts_at, p.full_name AS patient_name
		FROM appointments a JOIN patients p ON p.id = a.patient_id
		WHERE a.id = ANY (CAST(:ids AS bigint[])) AND a.status IN ('booked', 'checked_in') AND a.starts_at > now()
	),
	told AS (
		SELECT appointment_id, array_agg(channel ORDER BY channel) AS channels
		FROM messages_to_patients(
			(SELECT jsonb_agg(jsonb_build_object('id', id, 'sequence', sequence, 'patient_id', patient_id, 'starts_at', starts_at, 'kind', 'notice')) FROM visits),
			CAST(:channels AS text[]), '{}'
		)
		WHERE kind = 'notice'
		GROUP BY appointment_id
	)
	SELECT v.id::text, v.sequence, v.patient_name, coalesce(t.channels, '{}') AS channels
	FROM visits v LEFT JOIN told t ON t.appointment_id = v.id
	ORDER BY v.starts_at, v.id`

function toReach(asked: readonly string[], reached: readonly Reached[]): ListMessageReach {
	const by = (channel: NotificationChannel) => reached.filter(({ channels }) => channels.includes(channel)).length
	return {
		visits: reached.filter(({ channels }) => channels.length > 0).length,
		messages: { email: by('email'), sms: by('sms'), push: by('push') },
		unreachable: reached
			.filter(({ channels }) => channels.length === 0)
			.map(({ id, patient_name }) => ({ appointmentId: id, patientName: patient_name })),
		leftOut: asked.length - reached.length,
	}
}

/** The lead tells the messages of one visit apart: notices have those below -1, a number for each message to a list. */
const leadOf = (listMessageId: string) => -1 - Number(listMessageId)

async function writeMessages(trx: DbOrTx, listMessageId: string, reached: readonly Reached[]): Promise<void> {
	const rows = reached.flatMap(({ id, sequence, channels }) =>
		channels.map(channel => ({
			appointment_id: id,
			appointment_sequence: sequence,
			channel,
			kind: 'notice',
			lead_minutes: leadOf(listMessageId),
			due_at: trx.fn.now(),
			// Quiet hours do not concern mail.
			is_planned: channel === 'email',
			list_message_id: listMessageId,
		})),
	)
	if (rows.length > 0) await trx('notification_queue').insert(rows)
}

type Repeated = { by: string; key: string; fingerprint: string }

/** The message that was written under the key. @throws Refusal idempotency_mismatch */
async function earlier(trx: DbOrTx, { by, key, fingerprint }: Repeated): Promise<string> {
	const row = await trx('list_messages').where({ written_by: by, idempotency_key: key }).first('id', 'fingerprint')
	if (row.fingerprint !== fingerprint) throw new Refusal('idempotency_mismatch')
	return row.id
}
