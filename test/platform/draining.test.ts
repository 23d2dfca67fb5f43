import { connect } from 'node:net'
import { expect } from 'chai'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'

describe('a node that stops', () => {
	let node: TestNode
	before(async () => {
		node = await startTestNode()
	})
	after(closeSockets)

	it('answers the requests that it has accepted, and sends idle sockets to another node at once', async () => {
		const { id: doctorId } = await aDoctor(node)
		const [slotId] = (await someSlots(node, doctorId, { count: 1 })) as [string]
		const asking = await aSocket(node, (await aPatient(node)).token)
		const idle = await aSocket(node)
		// Socket.IO's client reconnects by itself only after a closed connection, not after a disconnect message.
		const left: string[] = []
		asking.on('disconnect', reason => left.push(`asking: ${reason}`))
		idle.on('disconnect', reason => left.push(`idle: ${reason}`))

		const blocker = await node.db.transaction()
		await blocker.raw('LOCK TABLE appointments IN SHARE MODE')
		const booking = asking.emitWithAck('appointment:book', { slotId, idempotencyKey: 'asked-before-the-end' })
		await waitFor(
			async () => (await node.db.raw(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).rows.length > 0,
			'the booking to be under way',
		)
		const stopped = node.stop()
		await waitFor(() => left.length > 0, 'the idle socket to be sent away')
		expect(left).to.deep.equal(['idle: transport close'])
		expect((await asking.emitWithAck('calendar:unwatch', { doctorId })).ok, 'new work').to.equal(false)

		await blocker.rollback()
		ok(await booking)
		await waitFor(() => left.length > 1, 'the other to be sent away')
		expect(left[1]).to.equal('asking: transport close')
		await stopped
	})

	it('answers open requests before it stops, and does not wait for idle connections', async () => {
		const other = await startTestNode()
		const port = Number(new URL(other.url).port)
		const blocker = await other.db.transaction()
		await blocker.raw('LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
		const credentials = { email: 'nobody@clinic.example', password: 'of no account' }
		const asked = call(other, 'POST', '/auth/login', { body: credentials })
		// Browsers open spare connections. On the second connection a request has begun that never ends.
		const silent = [connect(port, 'localhost'), connect(port, 'localhost')]
		let cut = 0
		for (const socket of silent) socket.on('error', () => {}).on('close', () => cut++)
		silent[1]?.write('POST /api/v1/auth/login HTTP/1.1\r\n')
		await waitFor(
			async () => (await blocker.raw(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).rows.length > 0,
			'the login to be under way',
		)
		const stopped = other.stop()
		await waitFor(
			() =>
				fetch(other.url).then(
					() => false,
					() => true,
				),
			'new connections to be refused',
		)
		await blocker.rollback()
		expect((await asked).status).to.equal(401)
		await stopped
		await waitFor(() => cut === silent.length, 'the silent connections to be cut')
	})
})
