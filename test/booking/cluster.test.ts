import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import type { Appointment } from '../../contract/index.ts'
import { loadConfig } from '../../server/config.ts'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { inconsistencies, overlaps, someSlots, soon } from '../support/calendar.ts'
import { testEnvironment } from '../support/environment.ts'
import { isLong } from '../support/forms.ts'
import { call } from '../support/http.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { type ProcessNode, startProcessNode } from '../support/processes.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, type Client, closeSockets, type Watcher } from '../support/watcher.ts'
import { book, cancel, done, receivedBy } from './desk.ts'

const nodeCount = 3
const clientCount = isLong ? 300 : 120
const busyMs = isLong ? 20_000 : 6_000

describe('three nodes that share one PostgreSQL and one Redis', () => {
	let nodes: ProcessNode[] = []
	let db: Db
	let drop: () => Promise<void>
	const clinic = () => ({ db, config: loadConfig(testEnvironment(path.join(tmpdir(), 'liveslot-unused'))) })

	before(async function () {
		this.timeout(60_000)
		const stores = await freshStores()
		drop = stores.drop
		db = createDatabase({ url: stores.databaseUrl, poolSize: 5 })
		nodes = await Promise.all(Array.from({ length: nodeCount }, () => startProcessNode(stores, { HOLD_SECONDS: '3' })))
	})
	after(async () => {
		closeSockets()
		await Promise.all(nodes.map(node => node.stop()))
		await db.destroy()
		await drop()
	})

	it('notify the people concerned once, at every node, and no other account', async () => {
		const [doctor, colleague] = [await aDoctor(clinic()), await aDoctor(clinic())]
		const [patient, stranger, desk] = [await aPatient(clinic()), await aPatient(clinic()), await aReceptionist(clinic())]
		const [one, two, three] = nodes as [ProcessNode, ProcessNode, ProcessNode]
		const hear = async (node: ProcessNode, person: Person) => receivedBy(await aSocket(node, person.token))
		const told = await Promise.all([
			...nodes.map(node => hear(node, patient)),
			...nodes.map(node => hear(node, doctor)),
			...nodes.map(node => hear(node, desk)),
		])
		const untold = await Promise.all([...nodes.map(node => hear(node, stranger)), ...nodes.map(node => hear(node, colleague))])
		const [slotId = ''] = await someSlots({ db }, doctor.id, { count: 1, minutes: 15 })
		const reason = 'knee {"left"}\nsince Monday'
		const appointment = done(await book(one, patient, slotId, { reason }))
		expect(appointment.reason).to.equal(reason)
		await waitFor(() => told.every(received => received.length > 0), 'all those concerned to hear')
		const cancelled = done(await cancel(two, patient, appointment.id))
		await waitFor(() => told.every(received => received.length === 2), 'all those concerned to hear again')
		for (const received of told) {
			expect(received).to.deep.equal([
				{ appointment, change: 'booked' },
				{ appointment: cancelled, change: 'cancelled' },
			])
		}
		// Messages that were sent before this answer would have arrived by then.
		await Promise.all([stranger, colleague].map(person => call(three, 'GET', '/me', { token: person.token })))
		expect(untold.flat()).to.deep.equal([])
	})

	it(`lose and overlap no appointment, and show every watcher the right state, under ${clientCount} random clients`, async function () {
		this.timeout(120_000)
		const doctors: Person[] = []
		const slotIds: string[] = []
		for (let i = 0; i < 10; i++) {
			const doctor = await aDoctor(clinic())
			doctors.push(doctor)
			slotIds.push(...(await someSlots({ db }, doctor.id, { count: 60, minutes: 15 })))
		}

		const watchers: Watcher[] = []
		for (const [index, doctor] of doctors.entries()) {
			for (const node of nodes) watchers.push(await aWatcher(await aSocket(node), doctor.id, soon()))
			expect(index).to.be.lessThan(doctors.length)
		}

		const clients: Client[] = []
		for (let i = 0; i < clientCount; i++) {
			clients.push(await aSocket(nodes[i % nodeCount]!, (await aPatient(clinic())).token))
		}

		const acknowledged = new Map<string, Appointment>()
		const cancelled = new Set<string>()
		const outcomes = new Map<string, number>()
		const count = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
		const anySlot = () => slotIds[Math.floor(Math.random() * slotIds.length)] as string
		const until = Date.now() + busyMs

		const behave = async (client: Client) => {
			const mine: Appointment[] = []
			while (Date.now() < until) {
				const dice = Math.random()
				const slotId = anySlot()
				if (dice < 0.35) {
					const answer = await client.emitWithAck('slot:hold', { slotId })
					count(`hold ${answer.ok ? 'ok' : answer.error.code}`)
					if (!answer.ok) continue
					if (Math.random() < 0.5) {
						const released = await client.emitWithAck('slot:release', { slotId })
						count(`release ${released.ok ? 'ok' : released.error.code}`)
					}
				} else if (dice < 0.8 || mine.length === 0) {
					const answer = await client.emitWithAck('appointment:book', { slotId, idempotencyKey: randomUUID() })
					count(`book ${answer.ok ? 'ok' : answer.error.code}`)
					if (!answer.ok) continue
					mine.push(answer.appointment)
					acknowledged.set(answer.appointment.id, answer.appointment)
				} else {
					const { id } = mine.pop() as Appointment
					const answer = await client.emitWithAck('appointment:cancel', { appointmentId: id })
					count(`cancel ${answer.ok ? 'ok' : answer.error.code}`)
					if (answer.ok) cancelled.add(id)
				}
				await new Promise(resolve => setTimeout(resolve, Math.random() * 150))
			}
		}
		await Promise.all(clients.map(behave))
		console.log(
			`      ${[...outcomes]
				.sort()
				.map(([what, times]) => `${what}: ${times}`)
				.join(', ')}`,
		)

		expect(await overlaps(db), 'overlapping appointments').to.equal(0)
		expect(await inconsistencies(db), 'slots and appointments that disagree').to.equal(0)

		const doctorIds = doctors.map(({ id }) => id)
		const rows = await db('appointments').whereIn('doctor_id', doctorIds).select('id', 'status')
		const statusById = new Map(rows.map(row => [String(row.id), row.status]))
		for (const id of acknowledged.keys())
			expect(statusById.get(id), `appointment ${id}`).to.equal(cancelled.has(id) ? 'cancelled' : 'booked')
		expect(statusById.size, 'every appointment was acknowledged').to.equal(acknowledged.size)

		// The remaining holds expire within 3 s, and their end is published within another second.
		const free = async () => {
			const { rows: held } = await db.raw('SELECT count(*)::int AS count FROM appointment_slots')
			return held[0].count > 0 && watchers.every(({ picture }) => [...picture.values()].every(slot => slot.state !== 'held'))
		}
		await waitFor(free, 'holds run out')
		for (const [index, watcher] of watchers.entries()) {
			const { from, to } = soon()
			const { body } = await call(nodes[index % nodeCount]!, 'GET', `/doctors/${watcher.doctorId}/slots?from=${from}&to=${to}`)
			const truth = await db('appointment_slots').where({ doctor_id: watcher.doctorId, is_booked: true }).count()
			expect([...watcher.picture.values()].sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1))).to.deep.equal(body.slots)
			expect([...watcher.picture.values()].filter(slot => slot.state === 'booked')).to.have.length(Number(truth[0]?.count))
			expect(watcher.gaps, 'gaps in the versions').to.equal(0)
			expect(watcher.early, 'changes before their snapshot').to.equal(0)
			expect(watcher.version).to.equal(body.version)
		}
	})
})
