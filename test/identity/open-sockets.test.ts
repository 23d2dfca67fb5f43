import { expect } from 'chai'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, aSession, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, eavesdrop, ok } from '../support/watcher.ts'

/** Longer than a node relies on its last reading of an account. */
const staleMs = 5000
const pass = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('a socket that stays open because the message to disconnect it was lost', function () {
	this.timeout(30_000)
	this.slow(2 * staleMs)
	const node = useNode()
	afterEach(closeSockets)

	/** Opens a socket, and waits until the node has read its account again. */
	const aSettledSocket = async ({ token }: Person) => {
		const socket = await aSocket(node, token)
		await pass(500)
		return socket
	}

	/** Changes an account as another node does whose message does not arrive. */
	const change = ({ id }: Person, fields: Record<string, unknown>) => node.db('users').where({ id }).update(fields)

	const aSlot = async () => {
		const [slotId] = await someSlots(node, (await aDoctor(node)).id, { count: 1 })
		return slotId as string
	}
	const hold = async (slotId: string) => {
		const { token } = await aPatient(node)
		expect((await call(node, 'POST', `/slots/${slotId}/hold`, { token, body: {} })).status).to.equal(201)
	}
	const book = async (slotId: string) => {
		const patient = await aPatient(node)
		expect((await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId } })).status).to.equal(201)
	}

	it('is closed when its account is disabled', async () => {
		const patient = await aPatient(node)
		const socket = await aSettledSocket(patient)
		await change(patient, { status: 'disabled' })
		await waitFor(() => !socket.connected, 'the socket to be closed', staleMs)
	})

	it('serves a disabled account no more, even before it is closed', async () => {
		const patient = await aPatient(node)
		const socket = await aSettledSocket(patient)
		const [slotId] = await someSlots(node, (await aDoctor(node)).id)
		await change(patient, { status: 'disabled' })
		await pass(staleMs)
		const held = socket.emitWithAck('slot:hold', { slotId: slotId as string }).then(answer => answer.ok)
		expect(await Promise.race([held, pass(500)])).not.to.equal(true)
	})

	it('is closed when its session ends', async () => {
		const patient = await aPatient(node)
		const socket = await aSettledSocket(patient)
		await node.db('refresh_tokens').where({ user_id: patient.id }).update({ revoked_at: new Date() })
		await waitFor(() => !socket.connected, 'the socket to be closed', staleMs)
	})

	it('receives no appointments of others once a receptionist has become a patient', async () => {
		const receptionist = await aReceptionist(node)
		const heard = eavesdrop(await aSocket(node, receptionist.token))
		await book(await aSlot())
		await waitFor(() => heard.some(text => text.includes('appointment:changed')), 'the first appointment to be told')
		await change(receptionist, { role: 'patient' })
		await pass(staleMs)
		heard.length = 0
		await book(await aSlot())
		await pass(300)
		expect(heard).to.deep.equal([])
	})

	it('receives no names in watched calendars once a receptionist has become a patient', async () => {
		const [doctor, receptionist] = [await aDoctor(node), await aReceptionist(node)]
		const slots = await someSlots(node, doctor.id, { count: 2 })
		const watcher = await aWatcher(await aSocket(node, receptionist.token), doctor.id, soon())
		await hold(slots[0] as string)
		await waitFor(() => watcher.stateOf(slots[0] as string) === 'held', 'the first hold')
		expect(watcher.picture.get(slots[0] as string)).to.have.property('heldBy')
		await change(receptionist, { role: 'patient' })
		await pass(staleMs)
		await hold(slots[1] as string)
		await waitFor(() => watcher.stateOf(slots[1] as string) === 'held', 'the second hold')
		expect(watcher.picture.get(slots[1] as string)).not.to.have.property('heldBy')
	})

	it('receives no appointments of others once a demoted receptionist has sent a new token', async () => {
		const receptionist = await aReceptionist(node)
		const socket = await aSocket(node, receptionist.token)
		const heard = eavesdrop(socket)
		await change(receptionist, { role: 'patient' })
		ok(await socket.emitWithAck('session:renew', { token: await aSession(node, { id: receptionist.id, role: 'patient' }) }))
		heard.length = 0
		await book(await aSlot())
		await pass(300)
		expect(heard).to.deep.equal([])
	})

	it('receives appointments once a patient has become a receptionist', async () => {
		const patient = await aPatient(node)
		const heard = eavesdrop(await aSocket(node, patient.token))
		await change(patient, { role: 'receptionist' })
		await pass(staleMs)
		await book(await aSlot())
		await waitFor(() => heard.some(text => text.includes('appointment:changed')), 'the appointment to be told')
	})
})
