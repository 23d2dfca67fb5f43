import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { BookingRequest, ChangeRequest, Outcome } from '../../server/booking/requests.ts'
import { createReplies } from '../../server/platform/mailbox/replies.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createCrowd } from '../../server/tuning/crowd.ts'
import { aBooking, aCancellation, aDrain, afterStatement, type Scene, useScene } from '../booking/drain.ts'
import { aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

/** As many requests as go straight into the mailbox, so that later ones wait in the crowd. */
const first = 200

describe('a crowd of requests for one doctor', function () {
	this.timeout(30_000)
	let { doctor, patient, slots } = {} as Scene
	let rivals: Person[] = []
	const ends: (() => Promise<void>)[] = []
	const bench = useScene(scene => {
		;({ doctor, patient, slots } = scene)
	})
	beforeEach(async () => {
		rivals = []
		for (let i = 0; i < 5; i++) rivals.push(await aPatient(bench))
	})
	afterEach(async () => {
		for (const end of ends.splice(0)) await end()
	})

	const slot = (index: number) => slots[index] as string

	/**
	 * A node with its crowd, mailboxes and drain. `queued` are requests that went through Redis, `refused` those that the crowd
	 * refused.
	 */
	const aNode = async ({ run = bench.run, timeoutMs = 20_000 } = {}) => {
		const nodeId = randomUUID()
		const replies = await createReplies<Outcome>({
			redis: bench.redis,
			subscriber: bench.subscriber,
			nodeId,
			log: createLog('silent'),
			timeoutMs,
		})
		const drain = aDrain(bench, {
			deliver: list => replies.deliver(list.map(each => ({ to: nodeId, ...each }))),
		})
		const [queued, refused, answered]: [string[], string[], string[]] = [[], [], []]
		const askCrowd = createCrowd({
			run,
			holds: bench.holds,
			replies,
			post(request) {
				queued.push(request.id)
				return drain.post(request.doctorId, request)
			},
			observe: { refusedAtDoor: outcomes => void refused.push(...outcomes.map(({ request }) => request.id)) },
		})
		ends.push(async () => {
			await drain.stop()
			replies.stop()
		})
		const ask = async (request: ChangeRequest) => {
			const outcome = await askCrowd({ ...request, node: nodeId })
			answered.push(request.id)
			return outcome
		}
		return { ask, queued, refused, answered, replies }
	}

	const bookings = (count: number, slotOf: (index: number) => string, changes: Partial<BookingRequest> = {}) =>
		Array.from({ length: count }, (_, index) => aBooking(rivals[index % rivals.length] as Person, slotOf(index), changes))
	const codeOf = (outcome: Outcome) => ('done' in outcome ? 'ok' : 'refused' in outcome ? outcome.refused : 'forward')
	const idsOf = (requests: readonly ChangeRequest[]) => requests.map(({ id }) => id)

	it('goes into the mailbox while few requests are unanswered', async () => {
		const node = await aNode()
		const requests = bookings(first, () => slot(0))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.map(codeOf)).to.deep.equal(['ok', ...Array(first - 1).fill('slot_booked')])
		expect(node.queued).to.deep.equal(idsOf(requests))
		expect(node.refused).to.deep.equal([])
	})

	it('is refused in order, with alternatives and without Redis, when its slots are gone', async () => {
		const node = await aNode()
		const requests = bookings(first + 2800, index => slot(index % 2))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.map(codeOf)).to.deep.equal(['ok', 'ok', ...Array(first + 2798).fill('slot_booked')])
		expect(node.queued).to.deep.equal(idsOf(requests.slice(0, first)))
		expect(node.refused).to.deep.equal(idsOf(requests.slice(first)))
		expect(node.answered).to.deep.equal(idsOf(requests))
		expect(outcomes.at(-1), 'shared by all who want the slot').to.equal(outcomes.at(-3))
		const last = outcomes.at(-1) as { alternatives?: { id: string }[] }
		expect(last.alternatives?.map(({ id }) => id)).to.deep.equal([2, 3, 4, 5, 6].map(slot))
	})

	it('returns the same refusal to a repeated key when the slot is free again', async () => {
		const node = await aNode()
		const requests = bookings(first + 10, () => slot(0))
		const [winner] = await Promise.all(requests.map(node.ask))
		const { done } = winner as { done: { id: string; doctorId: string } }
		expect(codeOf(await node.ask(aCancellation(rivals[0] as Person, done)))).to.equal('ok')
		const again = await node.ask({ ...(requests.at(-1) as BookingRequest), id: randomUUID() })
		expect(codeOf(again)).to.equal('slot_booked')
		expect(codeOf(await node.ask(aBooking(patient, slot(0))))).to.equal('ok')
	})

	it('sends a request for a free slot into the mailbox, and those behind it', async () => {
		const node = await aNode()
		const wanted = [...Array(first).fill(0), 0, 3, 0, 3]
		const requests = bookings(wanted.length, index => slot(wanted[index]))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.slice(first).map(codeOf)).to.deep.equal(['slot_booked', 'ok', 'slot_booked', 'slot_booked'])
		expect(node.refused).to.deep.equal([requests[first]?.id])
		expect(node.answered).to.deep.equal(idsOf(requests))
	})

	it('sends as many requests into the mailbox as one batch settles, then checks the others again', async () => {
		const node = await aNode()
		const requests = bookings(first + 900, index => slot(index < first ? 0 : 1))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.map(codeOf).filter(code => code !== 'slot_booked')).to.deep.equal(['ok', 'ok'])
		expect(node.queued).to.deep.equal(idsOf(requests.slice(0, first + 600)))
		expect(node.refused).to.deep.equal(idsOf(requests.slice(first + 600)))
		expect(node.answered).to.deep.equal(idsOf(requests))
	})

	it('is refused for slots that were taken first, although other slots were wanted since', async () => {
		const node = await aNode()
		const wanted = [...Array(first).fill(0), ...Array(600).fill(1), 0, 1, 0, 1]
		const requests = bookings(wanted.length, index => slot(wanted[index]))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.map(codeOf).filter(code => code !== 'slot_booked')).to.deep.equal(['ok', 'ok'])
		expect(node.refused).to.deep.equal(idsOf(requests.slice(-4)))
		expect(node.answered).to.deep.equal(idsOf(requests))
	})

	it('returns the appointment to a repeated key that has won', async () => {
		const node = await aNode()
		const requests = bookings(first, () => slot(0))
		const repeated = { ...(requests[0] as BookingRequest), id: randomUUID() }
		const other = { ...repeated, id: randomUUID(), fingerprint: 'of something else' }
		const outcomes = await Promise.all([...requests, repeated, other].map(node.ask))
		expect(outcomes.slice(first)).to.deep.equal([outcomes[0], { refused: 'idempotency_mismatch' }])
		expect(node.refused).to.deep.equal([])
	})

	it('is not refused for a slot that is free again', async () => {
		const frees = async () => {
			await bench.db('appointment_slots').where({ doctor_id: doctor.id }).update({ appointment_id: null })
			await bench.db('appointments').where({ doctor_id: doctor.id }).update({ status: 'cancelled' })
		}
		let isFreed = false
		const node = await aNode({
			run: async (statement, values) => {
				if (statement.name === 'refuse_taken' && !isFreed) {
					isFreed = true
					await frees()
				}
				return await bench.run(statement, values)
			},
		})
		const requests = bookings(first + 2, () => slot(0))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.slice(first).map(codeOf)).to.deep.equal(['ok', 'slot_booked'])
	})

	it('goes into the mailbox when PostgreSQL cannot be asked', async () => {
		const node = await aNode({ run: () => Promise.reject(new Error('away')) })
		const requests = bookings(first + 5, () => slot(0))
		const outcomes = await Promise.all(requests.map(node.ask))
		expect(outcomes.map(codeOf)).to.deep.equal(['ok', ...Array(first + 4).fill('slot_booked')])
		expect(node.queued).to.deep.equal(idsOf(requests))
	})

	it('goes into the mailbox when the desk asks, because its patient may not exist', async () => {
		const node = await aNode()
		const requests = bookings(first + 5, () => slot(0), { privileged: true })
		await Promise.all(requests.map(node.ask))
		expect(node.refused).to.deep.equal([])
		expect(node.answered).to.deep.equal(idsOf(requests))
	})

	it('returns the same refusals at another node when its own dies between writing and answering', async () => {
		const dying = await aNode({ run: afterStatement(bench.run, 'refuse_taken', () => new Promise(() => {})), timeoutMs: 1500 })
		const requests = bookings(first + 20, () => slot(0))
		const untold = await Promise.all(requests.map(request => dying.ask(request).catch(error => error.code)))
		expect(untold.slice(first)).to.deep.equal(Array(20).fill('booking_pending'))
		const written = () =>
			bench
				.db('booking_requests')
				.whereIn(
					'idempotency_key',
					requests.map(({ key }) => key),
				)
				.orderBy('idempotency_key')
		const before = await written()
		expect(before).to.have.length(first + 20)

		const next = await aNode()
		const outcomes = await Promise.all(requests.map(request => next.ask({ ...request, id: randomUUID() })))
		expect(outcomes.map(codeOf)).to.deep.equal(['ok', ...Array(first + 19).fill('slot_booked')])
		expect(await written()).to.deep.equal(before)
	})

	it('has one winner for each slot at two nodes, and each node answers in order', async () => {
		const nodes = [await aNode(), await aNode()]
		const requests = bookings(2 * (first + 300), index => slot(index % 5))
		const outcomes = await Promise.all(requests.map((request, index) => (nodes[index % 2] as (typeof nodes)[0]).ask(request)))
		expect(outcomes.filter(outcome => codeOf(outcome) === 'ok')).to.have.length(5)
		expect(await bench.db('appointment_slots').where({ doctor_id: doctor.id, is_booked: true })).to.have.length(5)
		for (const [index, node] of nodes.entries()) {
			expect(node.answered).to.deep.equal(idsOf(requests.filter((_, of) => of % 2 === index)))
			expect(node.refused).to.have.length.above(0)
		}
	})

	it('is answered booking_pending after the timeout, and is not booked afterwards', async () => {
		const blocker = await bench.db.transaction()
		await blocker.raw('LOCK TABLE appointments IN SHARE MODE')
		const node = await aNode({ timeoutMs: 300 })
		const requests = bookings(first + 5, index => slot(index < first ? 0 : 1))
		const outcomes = await Promise.all(requests.map(request => node.ask(request).catch(error => error.code)))
		expect(outcomes).to.deep.equal(Array(first + 5).fill('booking_pending'))
		await blocker.rollback()
		await waitFor(async () => (await bench.queue.length(doctor.id)) === 0, 'an empty queue')
		expect(node.queued).to.deep.equal(idsOf(requests.slice(0, first)))
		const taken = await bench.db('appointment_slots').where({ doctor_id: doctor.id, is_booked: true })
		expect(taken).to.have.length(1)
	})
})
