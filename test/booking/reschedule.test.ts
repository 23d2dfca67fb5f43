import { expect } from 'chai'
import type { Slot } from '../../contract/index.ts'
import { aType, hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok } from '../support/watcher.ts'
import {
	ackCode,
	book,
	cancel,
	codeOf,
	done,
	expectConsistent,
	hold,
	minutesLater,
	receivedBy,
	reschedule,
	setStatus,
	somePatients,
} from './desk.ts'

describe('moving an appointment', () => {
	const node = useNode()
	let half: string
	let doctor: Person
	let other: Person
	let patient: Person
	let desk: Person
	let slots: string[]
	let otherSlots: string[]

	before(async () => {
		half = await aType(node, 30)
		desk = await aReceptionist(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		other = await aDoctor(node)
		patient = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 6, minutes: 15 })
		otherSlots = await someSlots(node, other.id, { count: 6, minutes: 15, from: hoursAhead(30) })
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})

	const slot = (index: number) => slots[index] as string
	const there = (index: number) => otherSlots[index] as string
	const booked = async (index = 0, options = {}, who = patient) => done(await book(node, who, slot(index), options))
	const stored = async (id: string) => done(await call(node, 'GET', `/appointments/${id}`, { token: desk.token }))

	it('frees the old slot, takes the new one, and increases the sequence', async () => {
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const received = receivedBy(await aSocket(node, patient.token))
		const before = await booked(0, { reason: 'a cough' })
		const moved = done(await reschedule(node, patient, before.id, slot(3)))
		expect(moved).to.deep.equal({
			...before,
			slotIds: [slot(3)],
			startsAt: minutesLater(new Date(before.startsAt), 45).toISOString(),
			endsAt: minutesLater(new Date(before.endsAt), 45).toISOString(),
			sequence: 1,
			updatedAt: moved.updatedAt,
		})
		expect(await stored(before.id)).to.deep.equal(moved)
		await waitFor(() => watcher.stateOf(slot(3)) === 'booked' && watcher.stateOf(slot(0)) === 'free', 'watchers see both')
		await waitFor(() => received.length === 2, 'the patient hears')
		expect(received[1]).to.deep.equal({ appointment: moved, change: 'rescheduled' })
		const socket = await aSocket(node, patient.token)
		const back = await socket.emitWithAck('appointment:reschedule', { appointmentId: before.id, slotId: slot(0), idempotencyKey: 'back' })
		expect(ok(back).appointment).to.deep.include({ slotIds: [slot(0)], sequence: 2 })
		expect(codeOf(await book(node, await aPatient(node), slot(3)))).to.equal('ok')
	})

	it('is allowed to the patient, the doctor and staff, but not to another doctor', async () => {
		const { id } = await booked()
		expect(codeOf(await reschedule(node, await aDoctor(node), id, slot(1)))).to.equal('not_found')
		expect(codeOf(await reschedule(node, await aPatient(node), id, slot(1)))).to.equal('not_found')
		expect(codeOf(await reschedule(node, desk, '987654321', slot(1)))).to.equal('not_found')
		for (const none of ['nothing', `${doctor.id}-1`]) expect(codeOf(await reschedule(node, desk, id, none)), none).to.equal('not_found')
		expect(codeOf(await reschedule(node, desk, id, slot(1)))).to.equal('ok')
		expect(codeOf(await reschedule(node, await anAdmin(node), id, slot(2)))).to.equal('ok')
	})

	it('is published to both doctors’ watchers, and notifies both doctors', async () => {
		const here = await aWatcher(await aSocket(node), doctor.id, soon())
		const elsewhere = await aWatcher(await aSocket(node), other.id, soon())
		const received = [receivedBy(await aSocket(node, doctor.token)), receivedBy(await aSocket(node, other.token))]
		const { id } = await booked(0, { typeId: half })
		await waitFor(() => here.stateOf(slot(1)) === 'booked', 'it is booked')
		const moved = done(await reschedule(node, patient, id, there(2)))
		expect(moved).to.deep.include({ id, doctorId: other.id, slotIds: [there(2), there(3)], sequence: 1 })
		await waitFor(() => here.stateOf(slot(0)) === 'free' && here.stateOf(slot(1)) === 'free', 'the old slots are free')
		await waitFor(() => elsewhere.stateOf(there(2)) === 'booked' && elsewhere.stateOf(there(3)) === 'booked', 'the new ones are booked')
		await waitFor(() => received.every(each => each.at(-1)?.change === 'rescheduled'), 'both doctors hear')
		expect(codeOf(await book(node, await aPatient(node), slot(0)))).to.equal('ok')
		expect(codeOf(await cancel(node, doctor, id)), 'it is none of the old doctor’s business any more').to.equal('not_found')
		expect(codeOf(await cancel(node, other, id))).to.equal('ok')
		expect([here.gaps, elsewhere.gaps]).to.deep.equal([0, 0])
	})

	it('does not change anything when the new slot is taken, held, blocked or missing', async () => {
		const { id } = await booked()
		const rival = await aPatient(node)
		done(await book(node, rival, slot(1)))
		done(await hold(node, rival, slot(2)))
		await node
			.db('appointment_slots')
			.where({ doctor_id: doctor.id })
			.whereRaw('extract(epoch FROM starts_at)/60 = ?', [slot(3).split('-')[1] as string])
			.update({ is_blocked: true })
		const answers = await Promise.all([1, 2, 3].map(index => reschedule(node, patient, id, slot(index))))
		expect(answers.map(codeOf)).to.deep.equal(['slot_booked', 'slot_held', 'slot_blocked'])
		for (const { body } of answers) expect(body.alternatives.map((each: Slot) => each.id)).to.deep.equal([slot(4), slot(5)])
		expect(await stored(id)).to.deep.include({ slotIds: [slot(0)], sequence: 0, status: 'booked' })
		expect(codeOf(await book(node, await aPatient(node), slot(0))), 'the old slot is still the patient’s').to.equal('slot_booked')
	})

	it('is offered alternatives with room for the whole appointment', async () => {
		const { id } = await booked(0, { typeId: half })
		const rival = await aPatient(node)
		done(await book(node, rival, there(1)))
		const answer = await reschedule(node, patient, id, there(0))
		expect(codeOf(answer)).to.equal('slot_booked')
		const offers = answer.body.alternatives.map((each: Slot) => each.id)
		expect(offers).to.deep.equal([there(2), there(3), there(4)])
		expect(codeOf(await reschedule(node, patient, id, offers[2]))).to.equal('ok')
	})

	it('may overlap the old time', async () => {
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const { id } = await booked(1, { typeId: half })
		expect(done(await reschedule(node, patient, id, slot(2))).slotIds).to.deep.equal([slot(2), slot(3)])
		await waitFor(() => watcher.stateOf(slot(1)) === 'free' && watcher.stateOf(slot(3)) === 'booked', 'watchers see the move')
		expect(slots.map(watcher.stateOf)).to.deep.equal(['free', 'free', 'booked', 'booked', 'free', 'free'])
		expect(done(await reschedule(node, patient, id, slot(1))).slotIds).to.deep.equal([slot(1), slot(2)])
		const rival = await aPatient(node)
		expect(codeOf(await book(node, rival, slot(2)))).to.equal('slot_booked')
		expect(codeOf(await book(node, rival, slot(3)))).to.equal('ok')
		expect(codeOf(await reschedule(node, patient, id, slot(2))), 'half of it is taken now').to.equal('slot_booked')
	})

	it('is refused when the patient’s other appointments overlap, but not for its own', async () => {
		const twin = await aDoctor(node)
		const [sameTime, next] = await someSlots(node, twin.id, { count: 2, minutes: 15 })
		const { id } = await booked(0)
		done(await book(node, patient, there(0)))
		expect(codeOf(await reschedule(node, patient, id, sameTime as string)), 'the same time, another doctor').to.equal('ok')
		expect(codeOf(await reschedule(node, patient, id, there(0)))).to.equal('slot_booked')
		const second = await booked(1)
		expect(codeOf(await reschedule(node, patient, id, next as string))).to.equal('patient_overlap')
		done(await cancel(node, patient, second.id))
		expect(codeOf(await reschedule(node, patient, id, next as string))).to.equal('ok')
	})

	it('takes a slot that the caller holds, and ends the hold', async () => {
		const { id } = await booked()
		done(await hold(node, patient, slot(4)))
		expect(codeOf(await reschedule(node, desk, (await booked(1, {}, await aPatient(node))).id, slot(4))), 'another patient’s').to.equal(
			'slot_held',
		)
		expect(codeOf(await reschedule(node, patient, id, slot(4)))).to.equal('ok')
		expect(codeOf(await call(node, 'DELETE', `/slots/${slot(4)}/hold`, { token: patient.token }))).to.equal('hold_expired')
	})

	it('has one winner when ten move to one slot at once, and nine keep their slots', async () => {
		const patients = await somePatients(node, 10)
		const origin = await aDoctor(node)
		const origins = await someSlots(node, origin.id, { count: 10, minutes: 15, from: hoursAhead(72) })
		const ids = await Promise.all(patients.map(async (each, index) => done(await book(node, each, origins[index] as string)).id))
		for (const target of [slot(0), origins[0] as string]) {
			const before = await Promise.all(ids.map(stored))
			const movers = ids
				.map((id, index) => ({ id, by: patients[index] as Person }))
				.filter(({ id }) => !before.find(each => each.id === id)?.slotIds.includes(target))
			const answers = await Promise.all(movers.map(({ id, by }) => reschedule(node, by, id, target)))
			const wonBy = movers.filter((_, index) => answers[index]?.status === 200).map(({ id }) => id)
			// The winner of the first target has left the second one, or its owner still has it.
			const isFree = !before.some(each => each.slotIds.includes(target))
			expect(wonBy, target).to.have.length(isFree ? 1 : 0)
			for (const answer of answers) expect(codeOf(answer)).to.be.oneOf(['ok', 'slot_booked'])
			for (const each of before) if (!wonBy.includes(each.id)) expect(await stored(each.id)).to.deep.equal(each)
			await expectConsistent(node)
		}
	})

	it('ends in one place when asked twice at once, for slots of two doctors', async () => {
		for (let round = 0; round < 4; round++) {
			const who = await aPatient(node)
			const { id } = await booked(round, {}, who)
			const answers = await Promise.all([reschedule(node, who, id, slot(5)), reschedule(node, who, id, there(round))])
			expect(answers.map(codeOf), String(round)).to.deep.equal(['ok', 'ok'])
			const sequences = answers.map(answer => answer.body.sequence).sort()
			expect(sequences).to.deep.equal([1, 2])
			const last = answers.find(answer => answer.body.sequence === 2)
			expect(await stored(id)).to.deep.equal(last?.body)
			await expectConsistent(node)
			done(await cancel(node, who, id))
		}
	})

	it('does not swap two appointments that want each other’s slots', async () => {
		const rival = await aPatient(node)
		const [mine, theirs] = [await booked(0), await booked(1, {}, rival)]
		for (let round = 0; round < 5; round++) {
			const answers = await Promise.all([reschedule(node, patient, mine.id, slot(1)), reschedule(node, rival, theirs.id, slot(0))])
			expect(answers.map(codeOf)).to.deep.equal(['slot_booked', 'slot_booked'])
		}
		expect((await stored(mine.id)).slotIds).to.deep.equal([slot(0)])
		expect((await stored(theirs.id)).slotIds).to.deep.equal([slot(1)])
	})

	it('ends cancelled or refuses when cancelled at the same time, across two mailboxes', async () => {
		for (let round = 0; round < 6; round++) {
			const who = await aPatient(node)
			const here = await aWatcher(await aSocket(node), doctor.id, soon())
			const elsewhere = await aWatcher(await aSocket(node), other.id, soon())
			const { id } = await booked(round, {}, who)
			const [moved, cancelled] = await Promise.all([reschedule(node, who, id, there(round)), cancel(node, who, id)])
			expect(codeOf(cancelled), 'a cancellation follows the appointment').to.equal('ok')
			expect(codeOf(moved)).to.be.oneOf(['ok', 'wrong_status'])
			const after = await stored(id)
			expect(after.status).to.equal('cancelled')
			expect(after.sequence).to.equal(moved.status === 200 ? 2 : 1)
			await waitFor(() => here.stateOf(slot(round)) === 'free' && elsewhere.stateOf(there(round)) === 'free', 'both slots are free')
			await expectConsistent(node)
		}
	})

	it('leaves calendars, watchers and the database in agreement after many concurrent moves', async function () {
		this.timeout(60_000)
		const patients = await somePatients(node, 6)
		const ids = await Promise.all(patients.map(async (who, index) => (await booked(index, {}, who)).id))
		const watchers = [
			await aWatcher(await aSocket(node, desk.token), doctor.id, soon()),
			await aWatcher(await aSocket(node, desk.token), other.id, soon()),
		]
		const everywhere = [...slots, ...otherSlots]
		for (let round = 0; round < 12; round++) {
			const answers = await Promise.all(
				patients.map((who, index) =>
					reschedule(node, who, ids[index] as string, everywhere[(index * 5 + round * 7) % everywhere.length] as string),
				),
			)
			for (const answer of answers) expect(codeOf(answer)).to.be.oneOf(['ok', 'slot_booked'])
		}
		const rows = await node.db('appointment_slots').whereIn('doctor_id', [doctor.id, other.id])
		const truth = new Map(rows.map(row => [`${row.doctor_id}-${row.starts_at.getTime() / 60_000}`, row.appointment_id]))
		const agrees = () =>
			everywhere.every(each =>
				watchers.some(watcher => watcher.picture.has(each) && (watcher.picture.get(each)?.appointment?.id ?? null) === truth.get(each)),
			)
		await waitFor(agrees, 'watchers agree with the database')
		expect(rows.filter(row => row.appointment_id)).to.have.length(6)
	})

	it('is allowed only to staff after the check-in', async () => {
		const { id } = await booked()
		done(await setStatus(node, desk, id, 'checked_in'))
		const socket = await aSocket(node, patient.token)
		const answer = await socket.emitWithAck('appointment:reschedule', { appointmentId: id, slotId: slot(1), idempotencyKey: 'k' })
		expect(ackCode(answer)).to.equal('wrong_status')
		expect(done(await reschedule(node, desk, id, slot(1)))).to.deep.include({ status: 'checked_in', slotIds: [slot(1)] })
	})
})
