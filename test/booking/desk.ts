import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Appointment, AppointmentChanged } from '../../contract/index.ts'
import { inconsistencies, overlaps, type SlotsOptions, someSlots } from '../support/calendar.ts'
import { type Answer, call } from '../support/http.ts'
import { type TestNode, useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { type Client, closeSockets } from '../support/watcher.ts'

type Node = Pick<TestNode, 'url'>

export type BookOptions = { typeId?: string; patientId?: string; reason?: string; key?: string }

/** Calls of the booking domain over HTTP, by a given person. */
export const book = (node: Node, by: Person, slotId: string, { key, ...rest }: BookOptions = {}): Promise<Answer> =>
	call(node, 'POST', '/appointments', { token: by.token, body: { slotId, ...rest }, ...(key && { key }) })

export const cancel = (node: Node, by: Person, id: string, { key, reason }: { key?: string; reason?: string } = {}): Promise<Answer> =>
	call(node, 'POST', `/appointments/${id}/cancel`, { token: by.token, body: { ...(reason && { reason }) }, ...(key && { key }) })

export const reschedule = (node: Node, by: Person, id: string, slotId: string, { key }: { key?: string } = {}): Promise<Answer> =>
	call(node, 'POST', `/appointments/${id}/reschedule`, { token: by.token, body: { slotId }, ...(key && { key }) })

export const setStatus = (node: Node, by: Person, id: string, status: string): Promise<Answer> =>
	call(node, 'POST', `/appointments/${id}/status`, { token: by.token, body: { status } })

export const hold = (node: Node, by: Person, slotId: string, typeId?: string): Promise<Answer> =>
	call(node, 'POST', `/slots/${slotId}/hold`, { token: by.token, body: { ...(typeId && { typeId }) } })

export const release = (node: Node, by: Person, slotId: string): Promise<Answer> =>
	call(node, 'DELETE', `/slots/${slotId}/hold`, { token: by.token })

export const bookLive = (socket: Client, slotId: string, { key = randomUUID(), ...rest }: BookOptions = {}) =>
	socket.emitWithAck('appointment:book', { slotId, idempotencyKey: key, ...rest })

/** Returns the body of a successful answer. @throws Error for a refusal */
export const done = <T = Appointment>(answer: Answer): T => {
	if (answer.status >= 300) throw new Error(`refused: ${JSON.stringify(answer.body)}`)
	return answer.body
}

/** `ok`, or the code of the refusal. */
export const codeOf = (answer: Answer): string => (answer.status < 300 ? 'ok' : answer.body.code)

export const ackCode = (ack: { ok: true } | { ok: false; error: { code: string } }): string => (ack.ok ? 'ok' : ack.error.code)

/** Creates patients with an account each. */
export const somePatients = async (node: TestNode, count: number): Promise<Person[]> => {
	const patients: Person[] = []
	while (patients.length < count) patients.push(await aPatient(node))
	return patients
}

/** Creates a patient without an account, as the desk does for a caller on the telephone. */
export const aPatientWithoutAccount = async (node: TestNode, fullName = 'A caller'): Promise<string> => {
	const [row] = await node.db('patients').insert({ full_name: fullName, phone: '+49 30 1234567' }).returning('id')
	return String(row.id)
}

/** Records the appointment changes that a socket receives, in order. */
export const receivedBy = (socket: Client): AppointmentChanged[] => {
	const received: AppointmentChanged[] = []
	socket.on('appointment:changed', changed => received.push(changed))
	return received
}

/** Checks promise 1, and that slots and appointments agree with each other. */
export const expectConsistent = async (node: Pick<TestNode, 'db'>): Promise<void> => {
	expect(await overlaps(node.db), 'overlapping appointments').to.equal(0)
	expect(await inconsistencies(node.db), 'slots and appointments that disagree').to.equal(0)
}

export const minutesLater = (instant: Date, minutes: number): Date => new Date(instant.getTime() + minutes * 60_000)

/**
 * A node for one `describe` with a receptionist, and a new doctor and patient for every test. After each test the calendars must be
 * consistent.
 */
export const useDesk = () => {
	const node = useNode()
	const [desk, doctor, patient] = [{} as Person, {} as Person, {} as Person]
	before(async () => {
		Object.assign(desk, await aReceptionist(node))
	})
	beforeEach(async () => {
		Object.assign(doctor, await aDoctor(node))
		Object.assign(patient, await aPatient(node))
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})
	return { node, desk, doctor, patient }
}

export const slotsOf = async (node: Pick<TestNode, 'db'>, who: Person, options: SlotsOptions = {}) =>
	(await someSlots(node, who.id, options)) as [string, ...string[]]
