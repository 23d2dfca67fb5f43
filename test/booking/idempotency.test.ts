import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, ok, refused } from '../support/watcher.ts'
import { book, bookLive, cancel, codeOf, done, expectConsistent, hold, receivedBy, release, reschedule } from './desk.ts'

describe('a request under a key', () => {
	const node = useNode()
	let doctor: Person
	let patient: Person
	let slots: string[]
	let key: string

	beforeEach(async () => {
		doctor = await aDoctor(node)
		patient = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 6 })
		key = randomUUID()
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})

	const slot = (index: number) => slots[index] as string
	const appointments = () => node.db('appointments').where({ doctor_id: doctor.id })

	it('returns the same appointment when repeated, over HTTP and sockets in any order', async () => {
		const first = done(await book(node, patient, slot(0), { key, reason: 'a' }))
		const again = await book(node, patient, slot(0), { key, reason: 'a' })
		expect(again.status).to.equal(201)
		expect(again.body).to.deep.equal(first)
		const socket = await aSocket(node, patient.token)
		expect(ok(await bookLive(socket, slot(0), { key, reason: 'a' })).appointment).to.deep.equal(first)

		const live = ok(await bookLive(socket, slot(1), { key: `${key}!` })).appointment
		expect(done(await book(node, patient, slot(1), { key: `${key}!` }))).to.deep.equal(live)
		expect(await appointments()).to.have.length(2)
	})

	it('returns its appointment after outcomes were cleaned up, and is refused with another payload', async () => {
		const [first] = [done(await book(node, patient, slot(0), { key }))]
		await node.db('booking_requests').del()
		expect(done(await book(node, patient, slot(0), { key }))).to.deep.equal(first)
		expect(codeOf(await book(node, patient, slot(1), { key })), 'another slot').to.equal('idempotency_mismatch')
		expect(codeOf(await cancel(node, patient, first.id, { key })), 'another call').to.equal('idempotency_mismatch')
		expect(await appointments()).to.have.length(1)
		done(await reschedule(node, patient, first.id, slot(2)))
		expect(codeOf(await book(node, patient, slot(0), { key })), 'moved since').to.equal('idempotency_mismatch')
	})

	it('books once when sent twenty times at once', async () => {
		const socket = await aSocket(node, patient.token)
		const received = receivedBy(socket)
		const ids = await Promise.all(
			Array.from({ length: 20 }, async (_, index) =>
				index % 2 ? done(await book(node, patient, slot(0), { key })).id : ok(await bookLive(socket, slot(0), { key })).appointment.id,
			),
		)
		expect(new Set(ids).size).to.equal(1)
		expect(await appointments()).to.have.length(1)
		done(await cancel(node, patient, ids[0] as string))
		await waitFor(() => received.some(({ change }) => change === 'cancelled'), 'received of the cancellation')
		expect(
			received.map(({ change }) => change),
			'told once',
		).to.deep.equal(['booked', 'cancelled'])
	})

	it('returns its appointment after it was cancelled, and does not book again', async () => {
		const { id } = done(await book(node, patient, slot(0), { key }))
		done(await cancel(node, patient, id))
		const again = done(await book(node, patient, slot(0), { key }))
		expect(again).to.deep.include({ id, status: 'cancelled' })
		expect(await appointments()).to.have.length(1)
		expect(codeOf(await book(node, patient, slot(0), { key: `${key}2` })), 'under a new key').to.equal('ok')
	})

	it('is refused when any part of its payload differs, and does not change the first', async () => {
		const { id } = done(await book(node, patient, slot(0), { key, reason: 'a' }))
		const others = [
			book(node, patient, slot(1), { key, reason: 'a' }),
			book(node, patient, slot(0), { key, reason: 'b' }),
			book(node, patient, slot(0), { key }),
			book(node, patient, slot(0), { key, reason: 'a', typeId: '1' }),
			reschedule(node, patient, id, slot(2), { key }),
			cancel(node, patient, id, { key }),
		]
		for (const answer of await Promise.all(others)) {
			expect(answer.status).to.equal(422)
			expect(codeOf(answer)).to.equal('idempotency_mismatch')
		}
		const socket = await aSocket(node, patient.token)
		expect(refused(await bookLive(socket, slot(1), { key, reason: 'a' })).code).to.equal('idempotency_mismatch')
		expect(done(await book(node, patient, slot(0), { key, reason: 'a' })).id).to.equal(id)
		expect(await appointments()).to.have.length(1)
	})

	it('books one slot when used at once for slots of two doctors', async () => {
		const other = await aDoctor(node)
		const [there] = await someSlots(node, other.id, { from: hoursAhead(60) })
		for (let round = 0; round < 5; round++) {
			const answers = await Promise.all([
				book(node, patient, slot(round), { key: `${key}${round}` }),
				book(node, patient, there as string, { key: `${key}${round}` }),
			])
			const codes = answers.map(codeOf)
			expect(codes.sort(), String(round)).to.deep.equal(['idempotency_mismatch', 'ok'])
			const won = answers.find(answer => answer.status === 201)
			if (won?.body.doctorId === other.id) done(await cancel(node, patient, won.body.id))
		}
	})

	it('stays refused when the slot is free again', async () => {
		const rival = await aPatient(node)
		const { id } = done(await book(node, rival, slot(0)))
		expect(codeOf(await book(node, patient, slot(0), { key }))).to.equal('slot_booked')
		done(await cancel(node, rival, id))
		const again = await book(node, patient, slot(0), { key })
		expect(codeOf(again)).to.equal('slot_booked')
		expect(again.body.alternatives, 'the slot itself is no alternative').to.have.length(5)
		expect(codeOf(await book(node, patient, slot(0), { key: `${key}2` }))).to.equal('ok')
	})

	it('stays refused when the hold has ended', async () => {
		const holder = await aPatient(node)
		done(await hold(node, holder, slot(0)))
		expect(codeOf(await book(node, patient, slot(0), { key }))).to.equal('slot_held')
		expect((await release(node, holder, slot(0))).status).to.equal(204)
		expect(codeOf(await book(node, patient, slot(0), { key }))).to.equal('slot_held')
	})

	it('does not affect the same key of another account', async () => {
		const other = await aPatient(node)
		const desk = await aReceptionist(node)
		const mine = done(await book(node, patient, slot(0), { key }))
		const theirs = done(await book(node, other, slot(1), { key }))
		const staffs = done(await book(node, desk, slot(2), { key, patientId: patient.id }))
		expect(new Set([mine.id, theirs.id, staffs.id]).size).to.equal(3)
		expect(codeOf(await book(node, other, slot(0), { key }))).to.equal('idempotency_mismatch')
	})

	it('moves an appointment once', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		const moved = done(await reschedule(node, patient, id, slot(1), { key }))
		expect(moved.sequence).to.equal(1)
		expect(done(await reschedule(node, patient, id, slot(1), { key }))).to.deep.equal(moved)
		const socket = await aSocket(node, patient.token)
		const live = await socket.emitWithAck('appointment:reschedule', { appointmentId: id, slotId: slot(1), idempotencyKey: key })
		expect(ok(live).appointment).to.deep.equal(moved)
		expect(codeOf(await reschedule(node, patient, id, slot(2), { key }))).to.equal('idempotency_mismatch')
		const back = done(await reschedule(node, patient, id, slot(0)))
		expect(back.sequence).to.equal(2)
		expect(done(await reschedule(node, patient, id, slot(1), { key })), 'an old request repeated moves nothing').to.deep.equal(back)
		expect(done(await reschedule(node, patient, id, slot(1), { key: `${key}2` })).slotIds).to.deep.equal([slot(1)])
	})

	it('moves an appointment once when sent twenty times at once', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		const answers = await Promise.all(Array.from({ length: 20 }, () => reschedule(node, patient, id, slot(1), { key })))
		for (const answer of answers) expect(done(answer)).to.deep.include({ id, sequence: 1, slotIds: [slot(1)] })
	})

	it('cancels once over HTTP, and returns the same when repeated', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		const cancelled = done(await cancel(node, patient, id, { key }))
		expect(done(await cancel(node, patient, id, { key }))).to.deep.equal(cancelled)
		expect(codeOf(await cancel(node, patient, id))).to.equal('wrong_status')
	})
})
