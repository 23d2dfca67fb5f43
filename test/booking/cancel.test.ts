import { expect } from 'chai'
import { aType, hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok, refused } from '../support/watcher.ts'
import {
	ackCode,
	aPatientWithoutAccount,
	book,
	cancel,
	codeOf,
	done,
	expectConsistent,
	minutesLater,
	receivedBy,
	reschedule,
	setStatus,
} from './desk.ts'

describe('cancelling', () => {
	const node = useNode()
	let half: string
	let doctor: Person
	let patient: Person
	let desk: Person
	let slots: string[]

	before(async () => {
		half = await aType(node, 30)
		desk = await aReceptionist(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		patient = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 4, minutes: 15 })
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})

	const slot = (index: number) => slots[index] as string
	const booked = async (index = 0, options = {}) => done(await book(node, patient, slot(index), options))

	it('is allowed to the patient, staff and the doctor', async () => {
		for (const [index, who] of [patient, desk, await anAdmin(node), doctor].entries()) {
			const appointment = await booked(index, { reason: 'a cough' })
			const cancelled = done(await cancel(node, who, appointment.id, { reason: 'changed my mind' }))
			const { updatedAt, ...rest } = cancelled
			const { updatedAt: before, ...restBefore } = appointment
			expect(rest).to.deep.equal({ ...restBefore, status: 'cancelled', sequence: 1 })
			expect(updatedAt >= before).to.equal(true)
			const [row] = await node.db('appointments').where({ id: appointment.id })
			expect(row.cancel_reason).to.equal('changed my mind')
		}
	})

	it('works over a socket', async () => {
		const { id } = await booked()
		const socket = await aSocket(node, patient.token)
		const answer = ok(await socket.emitWithAck('appointment:cancel', { appointmentId: id }))
		expect(answer.appointment).to.deep.include({ id, status: 'cancelled', sequence: 1 })
		expect(refused(await socket.emitWithAck('appointment:cancel', { appointmentId: id })).code).to.equal('wrong_status')
		const visitor = await aSocket(node)
		expect(refused(await visitor.emitWithAck('appointment:cancel', { appointmentId: id })).code).to.equal('unauthenticated')
	})

	it('returns the first outcome to a repeated request over a socket', async () => {
		const { id } = await booked()
		const socket = await aSocket(node, patient.token)
		const request = { appointmentId: id, reason: 'a cold', idempotencyKey: `cancel-${id}` }
		const first = ok(await socket.emitWithAck('appointment:cancel', request))
		expect(ok(await socket.emitWithAck('appointment:cancel', request))).to.deep.equal(first)
		expect(refused(await socket.emitWithAck('appointment:cancel', { ...request, reason: 'another' })).code).to.equal('idempotency_mismatch')
	})

	it('does not find other people’s or missing appointments', async () => {
		const { id } = await booked()
		const strangers = [await aPatient(node), await aDoctor(node)]
		for (const stranger of strangers) expect(codeOf(await cancel(node, stranger, id))).to.equal('not_found')
		for (const none of ['987654321', 'x', '0', '-1', '99999999999999999999'])
			expect(codeOf(await cancel(node, desk, none)), none).to.equal('not_found')
		const socket = await aSocket(node, strangers[0]?.token)
		expect(ackCode(await socket.emitWithAck('appointment:cancel', { appointmentId: id }))).to.equal('not_found')
		expect(done(await cancel(node, patient, id)).status).to.equal('cancelled')
	})

	it('is refused the second time, also at once', async () => {
		const { id } = await booked()
		const answers = await Promise.all([patient, desk, doctor, patient, desk].map(who => cancel(node, who, id)))
		expect(answers.map(codeOf).sort()).to.deep.equal(['ok', ...Array(4).fill('wrong_status')])
		expect(codeOf(await cancel(node, patient, id))).to.equal('wrong_status')
		expect(codeOf(await reschedule(node, patient, id, slot(2)))).to.equal('wrong_status')
		expect(codeOf(await setStatus(node, desk, id, 'checked_in'))).to.equal('wrong_status')
	})

	it('frees every slot for other patients, as watchers see', async () => {
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const { id } = await booked(1, { typeId: half })
		await waitFor(() => watcher.stateOf(slot(2)) === 'booked', 'both slots booked')
		done(await cancel(node, patient, id))
		await waitFor(() => slots.every(each => watcher.stateOf(each) === 'free'), 'all slots free again')
		const next = done(await book(node, await aPatient(node), slot(1), { typeId: half }))
		expect(next.slotIds).to.deep.equal(slots.slice(1, 3))
		expect(done(await cancel(node, desk, next.id)).status).to.equal('cancelled')
		expect(codeOf(await book(node, patient, slot(1))), 'the first may come back').to.equal('ok')
		expect(watcher.gaps).to.equal(0)
	})

	it('notifies the people concerned', async () => {
		const { id } = await booked()
		const received = receivedBy(await aSocket(node, doctor.token))
		const silence = receivedBy(await aSocket(node, (await aPatient(node)).token))
		const cancelled = done(await cancel(node, patient, id))
		await waitFor(() => received.length > 0, 'the doctor hears')
		expect(received).to.deep.equal([{ appointment: cancelled, change: 'cancelled' }])
		expect(silence).to.deep.equal([])
	})

	it('is possible by staff for a patient without an account', async () => {
		const caller = await aPatientWithoutAccount(node)
		const { id } = done(await book(node, desk, slot(0), { patientId: caller }))
		expect(codeOf(await cancel(node, patient, id))).to.equal('not_found')
		expect(done(await cancel(node, desk, id)).status).to.equal('cancelled')
	})

	it('is too late for every role when the visit is over', async () => {
		const { id } = await booked()
		const past = minutesLater(hoursAhead(0), -180)
		await node.db.transaction(async trx => {
			const times = { starts_at: past, ends_at: minutesLater(past, 15) }
			await trx('appointment_slots').where({ appointment_id: id }).update(times)
			await trx('appointments')
				.where({ id })
				.update({ ...times, slot_starts: [past] })
		})
		for (const who of [patient, desk, doctor]) expect(codeOf(await cancel(node, who, id))).to.equal('too_late')
		expect(codeOf(await setStatus(node, desk, id, 'no_show'))).to.equal('ok')
	})
})

describe('cancelling with a cut-off of two hours', () => {
	const node = useNode({ CANCEL_CUTOFF_MINUTES: '120' })

	it('is too late within it for the patient, but not for staff or the doctor', async () => {
		const [doctor, patient, desk] = [await aDoctor(node), await aPatient(node), await aReceptionist(node)]
		const near = (await someSlots(node, doctor.id, { count: 2, from: minutesLater(hoursAhead(0), 30), minutes: 15 })) as [string, string]
		const far = (await someSlots(node, doctor.id, { count: 3, from: hoursAhead(4), minutes: 15 })) as [string, string, string]
		const [soonOne, soonTwo] = [done(await book(node, patient, near[0])), done(await book(node, patient, near[1]))]
		const later = done(await book(node, patient, far[0]))
		expect(codeOf(await cancel(node, patient, soonOne.id))).to.equal('too_late')
		expect(codeOf(await reschedule(node, patient, soonOne.id, far[1]))).to.equal('too_late')
		expect(codeOf(await reschedule(node, desk, soonOne.id, far[1]))).to.equal('ok')
		expect(codeOf(await cancel(node, doctor, soonTwo.id))).to.equal('ok')
		expect(codeOf(await cancel(node, patient, later.id))).to.equal('ok')
		expect(codeOf(await cancel(node, patient, soonOne.id)), 'moved out of the cut-off').to.equal('ok')
		await expectConsistent(node)
	})
})

describe('the status of an appointment', () => {
	const node = useNode()
	let doctor: Person
	let patient: Person
	let desk: Person
	let slots: string[]

	before(async () => {
		desk = await aReceptionist(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		patient = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 3 })
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})

	const slot = (index: number) => slots[index] as string

	it('goes from booked to completed; people are notified, staff see it, and the slot stays booked', async () => {
		const staff = await aWatcher(await aSocket(node, desk.token), doctor.id, soon())
		const visitor = await aWatcher(await aSocket(node), doctor.id, soon())
		const received = receivedBy(await aSocket(node, patient.token))
		const { id } = done(await book(node, patient, slot(0)))
		for (const [index, status] of ['checked_in', 'in_progress', 'completed'].entries()) {
			const appointment = done(await setStatus(node, index % 2 ? doctor : desk, id, status))
			expect(appointment).to.deep.include({ id, status, sequence: index + 1 })
			await waitFor(() => staff.picture.get(slot(0))?.appointment?.status === status, `staff see ${status}`)
			await waitFor(() => received.at(-1)?.appointment.status === status, `the patient hears of ${status}`)
			expect(received.at(-1)?.change).to.equal('status')
		}
		expect(visitor.stateOf(slot(0))).to.equal('booked')
		expect(visitor.picture.get(slot(0))).to.not.have.property('appointment')
		expect(codeOf(await book(node, await aPatient(node), slot(0)))).to.equal('slot_booked')
	})

	it('is set only by staff and the appointment’s doctor', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		expect(codeOf(await setStatus(node, patient, id, 'completed'))).to.equal('forbidden')
		expect(codeOf(await setStatus(node, await aDoctor(node), id, 'completed'))).to.equal('not_found')
		expect(codeOf(await setStatus(node, desk, id, 'strange'))).to.equal('invalid_input')
		expect(codeOf(await setStatus(node, desk, '987654321', 'completed'))).to.equal('not_found')
		expect(codeOf(await setStatus(node, doctor, id, 'in_progress'))).to.equal('ok')
	})

	it('cannot skip steps', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		expect(codeOf(await setStatus(node, desk, id, 'booked'))).to.equal('wrong_status')
		done(await setStatus(node, desk, id, 'in_progress'))
		for (const status of ['booked', 'no_show', 'in_progress', 'cancelled'])
			expect(codeOf(await setStatus(node, desk, id, status)), status).to.equal('wrong_status')
		for (const who of [patient, desk]) {
			expect(codeOf(await cancel(node, who, id))).to.equal('wrong_status')
			expect(codeOf(await reschedule(node, who, id, slot(1)))).to.equal('wrong_status')
		}
	})

	it('can be undone at the desk after a check-in', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		done(await setStatus(node, desk, id, 'checked_in'))
		expect(codeOf(await cancel(node, patient, id)), 'by the patient').to.equal('wrong_status')
		expect(codeOf(await reschedule(node, desk, id, slot(1)))).to.equal('ok')
		expect(done(await setStatus(node, desk, id, 'booked')).sequence).to.equal(3)
		expect(codeOf(await cancel(node, patient, id))).to.equal('ok')
	})

	it('becomes a cancellation when set to cancelled', async () => {
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const received = receivedBy(await aSocket(node, patient.token))
		const { id } = done(await book(node, patient, slot(0)))
		expect(done(await setStatus(node, doctor, id, 'cancelled'))).to.deep.include({ id, status: 'cancelled', sequence: 1 })
		await waitFor(() => watcher.stateOf(slot(0)) === 'free' && received.length === 2, 'it is told')
		expect(received.at(-1)?.change).to.equal('cancelled')
		expect(codeOf(await book(node, await aPatient(node), slot(0)))).to.equal('ok')
		expect(codeOf(await setStatus(node, desk, id, 'cancelled'))).to.equal('wrong_status')
	})

	it('cannot be completed or no-show before the visit', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		for (const status of ['completed', 'no_show']) expect(codeOf(await setStatus(node, desk, id, status)), status).to.equal('wrong_status')
		done(await setStatus(node, desk, id, 'checked_in'))
		expect(codeOf(await setStatus(node, desk, id, 'no_show'))).to.equal('wrong_status')
		// A patient who is seen early may also leave early.
		done(await setStatus(node, desk, id, 'in_progress'))
		expect(codeOf(await setStatus(node, desk, id, 'completed'))).to.equal('ok')
	})

	it('keeps the slot of a no-show, and frees the patient’s time', async () => {
		const other = await aDoctor(node)
		const [there] = await someSlots(node, other.id)
		const { id } = done(await book(node, patient, slot(0)))
		expect(codeOf(await book(node, patient, there as string))).to.equal('patient_overlap')
		// The status that the appointment would have after its start, for which no test waits.
		await node.db('appointments').where({ id }).update({ status: 'no_show', sequence: 1 })
		const staff = await aWatcher(await aSocket(node, desk.token), doctor.id, soon())
		expect(staff.picture.get(slot(0))?.appointment?.status).to.equal('no_show')
		expect(staff.stateOf(slot(0))).to.equal('booked')
		expect(codeOf(await book(node, await aPatient(node), slot(0)))).to.equal('slot_booked')
		const second = done(await book(node, patient, there as string))
		expect(codeOf(await setStatus(node, desk, id, 'checked_in')), 'no patient is in two places').to.equal('patient_overlap')
		done(await cancel(node, desk, second.id))
		expect(codeOf(await setStatus(node, desk, id, 'checked_in')), 'who turns up late').to.equal('ok')
	})

	it('ends in one of many concurrent changes', async () => {
		const { id } = done(await book(node, patient, slot(0)))
		const answers = await Promise.all([
			setStatus(node, desk, id, 'in_progress'),
			setStatus(node, doctor, id, 'checked_in'),
			cancel(node, patient, id),
			reschedule(node, patient, id, slot(1)),
		])
		const won = answers.filter(answer => answer.status === 200)
		const [row] = await node.db('appointments').where({ id })
		expect(row.sequence).to.equal(won.length)
		for (const answer of answers) expect(codeOf(answer)).to.be.oneOf(['ok', 'wrong_status'])
		expect(won.some(answer => answer.body.sequence === row.sequence && answer.body.status === row.status)).to.equal(true)
	})
})
