import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Hold, Snapshot } from '../../contract/index.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { aSocket, type Client, closeSockets, ok, refused } from '../support/watcher.ts'

/** Two nodes for one `describe`, with a new doctor with fourteen free slots for every test, and functions that act on them. */
export const useCalendar = () => {
	const [node, other] = useNodes(2) as [TestNode, TestNode]
	const doctor = {} as Person
	const slots: string[] = []
	beforeEach(async () => {
		Object.assign(doctor, await aDoctor(node))
		slots.splice(0, slots.length, ...(await someSlots(node, doctor.id, { count: 14 })))
	})
	afterEach(closeSockets)

	const aHolder = async (on: { url: string } = node) => aSocket(on, (await aPatient(node)).token)
	const hold = async (socket: Client, slotId: string, typeId?: string): Promise<Hold> =>
		ok(await socket.emitWithAck('slot:hold', { slotId, ...(typeId && { typeId }) })).hold
	const notHeld = async (socket: Client, slotId: string, typeId?: string) =>
		refused(await socket.emitWithAck('slot:hold', { slotId, ...(typeId && { typeId }) }))
	const release = async (socket: Client, slotId: string) => ok(await socket.emitWithAck('slot:release', { slotId }))
	const book = async (socket: Client, slotId: string) =>
		ok(await socket.emitWithAck('appointment:book', { slotId, idempotencyKey: randomUUID() })).appointment
	const listed = async (token?: string) => {
		const { from, to } = soon()
		return (await call<Snapshot>(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`, { token })).body.slots
	}
	const states = async () => (await listed()).map(slot => slot.state[0]).join('')
	/** Checks the states of all slots, by their first letters. Slots that are not named are free. */
	const expectStates = async (beginning: string) => expect(await states()).to.equal(beginning.padEnd(slots.length, 'f'))

	return { node, other, doctor, slots, aHolder, hold, notHeld, release, book, listed, expectStates }
}
