import { randomBytes } from 'node:crypto'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import { aPatient, type Person } from '../support/people.ts'

/** Unique details of a patient. A test searches for them in places that must not have them. */
export type Marks = {
	fullName: string
	email: string
	phone: string
	birthDate: string
	notes: string
	tag: string
	reason: string
	cancelReason: string
	device: string
}

export type MarkedPatient = Person & { marks: Marks; visitId: string; cancelledId: string }

let patients = 0

/** Creates a patient with an account and an entry in every table: an upcoming and a cancelled visit, a device, preferences. */
export async function aMarkedPatient(node: TestNode, [visit, cancelled]: [visit: string, cancelled: string]): Promise<MarkedPatient> {
	const mark = randomBytes(5).toString('hex')
	const marks = {
		fullName: `Name ${mark}`,
		email: `mail-${mark}@example.com`,
		phone: `+49 30 ${Number.parseInt(mark.slice(0, 6), 16)}55`,
		// A unique text, so that a test can search for it.
		birthDate: new Date(Date.UTC(1931, 1, 1) + 86_400_000 * patients++).toISOString().slice(0, 10),
		notes: `Noted ${mark}`,
		tag: `Tagged ${mark}`,
		reason: `Reason ${mark}`,
		cancelReason: `Second thoughts ${mark}`,
		device: `device-${mark}`,
	}
	const person = await aPatient(node, marks)
	const known = { birth_date: marks.birthDate, notes: marks.notes, tags: [marks.tag] }
	await node.db('patients').where({ id: person.id }).update(known)
	const change = { patient_id: person.id, changed_by: person.id, field: 'notes', became: JSON.stringify(marks.notes) }
	await node.db('patient_changes').insert(change)
	await call(node, 'POST', '/me/push-subscriptions', {
		token: person.token,
		body: { endpoint: `https://push.example/${marks.device}`, keys: { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) } },
	})
	await call(node, 'POST', '/me/calendar-link', { token: person.token, body: { names: true } })
	await call(node, 'PATCH', '/me/notifications', { token: person.token, body: { language: 'es', timeZone: 'Europe/Madrid' } })
	const visitId = await book(node, person.token, { slotId: visit, reason: marks.reason })
	const cancelledId = await book(node, person.token, { slotId: cancelled, reason: marks.reason })
	await call(node, 'POST', `/appointments/${cancelledId}/cancel`, { token: person.token, body: { reason: marks.cancelReason } })
	return { ...person, marks, visitId, cancelledId }
}

/** Every table as text, by name, to search for marks. */
export async function allTables({ db }: Pick<TestNode, 'db'>): Promise<Map<string, string>> {
	const { rows } = await db.raw(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	const texts = new Map<string, string>()
	for (const { tablename } of rows)
		texts.set(tablename, JSON.stringify((await db.raw(`SELECT t.*::text AS row FROM ?? t`, [tablename])).rows))
	return texts
}

async function book(node: TestNode, token: string, body: Record<string, unknown>): Promise<string> {
	const { status, body: appointment } = await call(node, 'POST', '/appointments', { token, body })
	if (status !== 201) throw new Error(`not booked: ${JSON.stringify(appointment)}`)
	return appointment.id
}
