import type { AppointmentStatus, NotificationChannel } from '../../contract/index.ts'
import type { KeptMail } from '../../server/reminders/outbox.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import type { TestNode } from '../support/node.ts'
import { waitFor } from '../support/wait.ts'

export type LedgerRow = {
	id: string
	channel: NotificationChannel
	kind: string
	lead_minutes: number
	appointment_sequence: number
	status: string
	attempts: number
	due_at: Date
	retry_at: Date | null
	sent_at: Date | null
	provider_id: string | null
	last_error: string | null
	is_planned: boolean
}

type HasDb = Pick<TestNode, 'db'>

export const ledgerOf = async ({ db }: HasDb, appointmentId: string): Promise<LedgerRow[]> =>
	await db('notification_queue').where({ appointment_id: appointmentId }).orderBy('id')

/** A row in a few words: `email booked sent`, `sms reminder-5 due`. */
export const inWords = ({ channel, kind, lead_minutes, status }: LedgerRow): string =>
	`${channel} ${kind}${kind === 'reminder' ? `-${lead_minutes}` : ''} ${status}`

export const ledgerInWords = async (node: HasDb, appointmentId: string): Promise<string[]> =>
	(await ledgerOf(node, appointmentId)).map(inWords)

export const mailsTo = async (node: Pick<TestNode, 'url'>, address: string): Promise<KeptMail[]> => {
	const response = await fetch(`${node.url}/dev/outbox.json`)
	const { items } = (await response.json()) as { items: KeptMail[] }
	return items.filter(mail => mail.to.includes(address)).reverse()
}

/** Waits for `count` letters to an address. Returns them oldest first. */
export const mailsWhen = async (node: Pick<TestNode, 'url'>, address: string, count: number): Promise<KeptMail[]> => {
	let mails: KeptMail[] = []
	await waitFor(
		async () => {
			mails = await mailsTo(node, address)
			return mails.length >= count
		},
		`${count} letters to ${address}`,
		20_000,
	)
	return mails
}

let key = 0

export type VisitOptions = { startsAt?: Date; status?: AppointmentStatus; minutes?: number }

/** Inserts a visit straight into the database, without a booking. */
export const aVisit = async (
	{ db }: HasDb,
	doctorId: string,
	patientId: string,
	{ startsAt = hoursAhead(48 + key), status = 'booked', minutes = 30 }: VisitOptions = {},
): Promise<string> => {
	const [row] = await db('appointments')
		.insert({
			doctor_id: doctorId,
			patient_id: patientId,
			type_id: 1,
			starts_at: startsAt,
			ends_at: new Date(startsAt.getTime() + minutes * 60_000),
			slot_starts: [startsAt],
			status,
			booked_by: doctorId,
			idempotency_key: `visit ${key++} ${Math.random()}`,
		})
		.returning('id')
	return String(row.id)
}

export type RowOptions = { channel?: NotificationChannel; kind?: string; leadMinutes?: number; dueAt?: Date; sequence?: number }

/** Inserts a row of the ledger that is due. */
export const aRow = async (
	{ db }: HasDb,
	appointmentId: string,
	{
		channel = 'email',
		kind = 'reminder',
		leadMinutes = kind === 'reminder' ? 1440 : -1,
		dueAt = new Date(Date.now() - 1000),
		sequence = 0,
	}: RowOptions = {},
): Promise<string> => {
	const [row] = await db('notification_queue')
		.insert({ appointment_id: appointmentId, appointment_sequence: sequence, channel, kind, lead_minutes: leadMinutes, due_at: dueAt })
		.returning('id')
	return String(row.id)
}

/** Moves the due times of a visit's reminders into the past, as if the time had come. */
export const letTimePass = async ({ db }: HasDb, appointmentId: string, leadMinutes: number): Promise<void> => {
	await db('notification_queue')
		.where({ appointment_id: appointmentId, lead_minutes: leadMinutes })
		.update({ due_at: new Date(Date.now() - 1000), retry_at: null })
}

export const aSlot = async (node: HasDb, doctorId: string, from?: Date): Promise<string> =>
	(await someSlots(node, doctorId, from ? { from } : {}))[0] as string
