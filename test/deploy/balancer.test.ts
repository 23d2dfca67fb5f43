import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { io } from 'socket.io-client'
import { freePort } from '../../server/platform/embedded/process.ts'
import { type Balancer, fillTemplate, findNginx, startBalancer } from '../support/balancer.ts'
import { inconsistencies, overlaps, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { type ProcessNode, startProcessNode } from '../support/processes.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, type Client, closeSockets, ok } from '../support/watcher.ts'

describe('the balancer’s configuration', () => {
	it('is the one of docker-compose.yml except for addresses and paths', () => {
		const text = readFileSync(new URL('../../deploy/nginx.conf', import.meta.url), 'utf8')
		const filled = fillTemplate(text, { port: 1, directory: '/tmp', servers: ['a:1'] })
		const changed = (one: string, other: string) => one.split('\n').filter(line => !other.split('\n').includes(line))
		const lines = changed(text, filled).map(line => line.trim().split(' ').slice(0, 2).join(' '))
		expect(lines).to.deep.equal(['resolver 127.0.0.11', 'server server:3000', 'resolver 127.0.0.11', 'server server:3000', 'listen 8080;'])
		expect(new Set(changed(filled, text).map(line => line.trim()))).to.deep.equal(
			new Set(['server a:1 max_fails=2 fail_timeout=5s;', 'listen 127.0.0.1:1;']),
		)
	})
})

// With `npm run topology`, all browser tests go through the balancer.
describe('a balancer before three nodes', () => {
	const [one, two] = useNodes(2, { TRUST_PROXY: '1' })
	const comingBack: Client[] = []
	let third: ProcessNode | undefined
	let balancer: Balancer
	let doctor: Person

	before(async function () {
		this.timeout(300_000)
		if (!findNginx()) {
			if (process.env.CI) throw new Error('there is no nginx, and none could be installed')
			console.log('      there is no nginx, and none could be installed: what goes through it is not tested')
			this.skip()
		}
		third = await startProcessNode(one!, { TRUST_PROXY: '1', DATA_DIR: one!.config.dataDir })
		balancer = await startBalancer(await freePort(), [third.url, one!.url, two!.url])
		doctor = await aDoctor(one!)
	})
	afterEach(() => {
		closeSockets()
		for (const socket of comingBack.splice(0)) socket.disconnect()
	})
	after(async () => {
		await balancer?.stop()
		await third?.stop()
	})

	const watch = async (socket: Client) => ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))

	it('serves clients that poll, each from the node with the client’s session', async () => {
		const sockets = await Promise.all(Array.from({ length: 6 }, () => aSocket(balancer, undefined, ['polling'])))
		for (const socket of sockets) expect((await watch(socket)).slots).to.be.an('array')
	})

	it('spreads WebSockets over all nodes', async () => {
		await Promise.all(Array.from({ length: 9 }, () => aSocket(balancer)))
		for (const node of [one!, two!]) {
			const text = await (await fetch(`${node.url}/metrics`)).text()
			expect(Number(/active_resources\{type="TCPSocketWrap"\} (\d+)/.exec(text)?.[1]), node.url).to.be.above(0)
		}
	})

	it('forwards calls, and does not expose metrics', async () => {
		expect((await fetch(`${balancer.url}/metrics`)).status).to.equal(404)
		expect((await call(balancer, 'GET', '/doctors')).status).to.equal(200)
	})

	it('loses a node without failing a request, and clients continue on other nodes', async () => {
		const [slotId] = (await someSlots(one!, doctor.id, { count: 1 })) as [string]
		const patient = await aPatient(one!)
		const lost = new Set<Client>()
		const seen = new Map<Client, string>()
		const aClient = async (token?: string) => {
			const socket: Client = io(balancer.url, { transports: ['websocket'], auth: token ? { token } : {}, forceNew: true })
			comingBack.push(socket)
			socket.on('disconnect', () => lost.add(socket))
			let version = 0
			// A callback, not a promise: a promise would let changes of the same packet overtake the snapshot.
			const look = () =>
				socket.emit('calendar:watch', { doctorId: doctor.id, ...soon() }, answer => {
					const snapshot = ok(answer)
					version = snapshot.version
					seen.set(socket, snapshot.slots.find(({ id }) => id === slotId)?.state ?? '')
				})
			// Every client takes a fresh snapshot when it reconnects, and after a gap.
			socket.on('connect', look)
			socket.on('calendar:changed', ({ fromVersion, toVersion, changes }) => {
				if (fromVersion !== version + 1) return void look()
				version = toVersion
				for (const { id, state } of changes) if (id === slotId) seen.set(socket, state)
			})
			await waitFor(() => seen.get(socket) === 'free', 'the first snapshot')
			return socket
		}
		const allClientsSee = (state: string) => waitFor(() => clients.every(client => seen.get(client) === state), `everybody to see ${state}`)
		const holder = await aClient(patient.token)
		const clients = [holder]
		while (clients.length < 9) clients.push(await aClient())
		ok(await holder.emitWithAck('slot:hold', { slotId }))
		await allClientsSee('held')

		const statuses: number[] = []
		let asking = true
		const asked = (async () => {
			while (asking) statuses.push((await fetch(`${balancer.url}/api/v1/doctors`)).status)
		})()
		await third?.stop('SIGKILL')
		await waitFor(() => lost.size > 0, 'clients of the killed node to notice')
		await waitFor(() => clients.every(({ connected }) => connected), 'everybody to be back')
		const idempotencyKey = randomUUID()
		const { appointment } = ok(await holder.emitWithAck('appointment:book', { slotId, idempotencyKey }))
		await allClientsSee('booked')
		asking = false
		await asked

		expect(lost.size, 'clients of the killed node').to.be.within(1, clients.length - 1)
		expect(new Set(statuses)).to.deep.equal(new Set([200]))
		const repeated = ok(await holder.emitWithAck('appointment:book', { slotId, idempotencyKey }))
		expect(repeated.appointment.id).to.equal(appointment.id)
		expect([await overlaps(one!.db), await inconsistencies(one!.db)]).to.deep.equal([0, 0])
	})
})
