import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { Appointment, type Slot } from '../../contract/index.ts'
import { aType, hoursAhead, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, ok, refused } from '../support/watcher.ts'
import { ackCode, aPatientWithoutAccount, book, bookLive, codeOf, done, hold, minutesLater, slotsOf, useDesk } from './desk.ts'

describe('booking', () => {
	const { node, desk, doctor, patient } = useDesk()
	let half: string
	before(async () => {
		half = await aType(node, 30)
	})

	it('returns the complete appointment, over HTTP and over a socket', async () => {
		const from = hoursAhead(48)
		const [first, second] = await slotsOf(node, doctor, { count: 2, from, minutes: 20 })
		const answer = await book(node, patient, first, { reason: '  a cough  ' })
		expect(answer.status).to.equal(201)
		const appointment = answer.body
		expect(Appointment.parse(appointment)).to.deep.equal(appointment)
		expect(appointment).to.deep.include({
			doctorId: doctor.id,
			patientId: patient.id,
			slotIds: [first],
			startsAt: from.toISOString(),
			endsAt: minutesLater(from, 20).toISOString(),
			status: 'booked',
			reason: 'a cough',
			bookedBy: patient.id,
			sequence: 0,
		})
		expect(appointment.updatedAt).to.equal(appointment.createdAt)
		expect(Math.abs(Date.now() - Date.parse(appointment.createdAt))).to.be.below(60_000)

		const socket = await aSocket(node, patient.token)
		const live = ok(await bookLive(socket, second as string)).appointment
		expect(Appointment.parse(live)).to.deep.equal(live)
		expect(live).to.deep.include({ slotIds: [second], startsAt: minutesLater(from, 20).toISOString(), sequence: 0 })
		expect(live).to.not.have.property('reason')
		expect((await call(node, 'GET', `/appointments/${live.id}`, { token: patient.token })).body).to.deep.equal(live)
	})

	it('uses the clinic’s first type and a single slot when no type is named', async () => {
		const [slot] = await slotsOf(node, doctor, { count: 3, minutes: 10 })
		const { items } = (await call(node, 'GET', '/appointment-types')).body ?? { items: [] }
		const appointment = done(await book(node, patient, slot))
		expect(appointment.slotIds).to.deep.equal([slot])
		const first = items?.[0]?.id ?? String((await node.db('appointment_types').orderBy(['position', 'id']).first()).id)
		expect(appointment.typeId).to.equal(first)
	})

	it('takes as many slots as the type needs, and publishes all of them as booked', async () => {
		const slots = await slotsOf(node, doctor, { count: 4, minutes: 15 })
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const appointment = done(await book(node, patient, slots[1] as string, { typeId: half }))
		expect(appointment.slotIds).to.deep.equal(slots.slice(1, 3))
		expect(appointment.typeId).to.equal(half)
		expect(Date.parse(appointment.endsAt) - Date.parse(appointment.startsAt)).to.equal(30 * 60_000)
		await waitFor(() => watcher.stateOf(slots[2] as string) === 'booked', 'the second slot is shown as booked')
		expect(slots.map(watcher.stateOf)).to.deep.equal(['free', 'booked', 'booked', 'free'])

		const rival = await aPatient(node)
		const answer = await book(node, rival, slots[0], { typeId: half })
		expect(codeOf(answer)).to.equal('slot_booked')
		expect(answer.body.alternatives, 'nowhere is room for two').to.deep.equal([])
		expect(codeOf(await book(node, rival, slots[3] as string, { typeId: half })), 'the day ends before').to.equal('slot_blocked')
		expect(codeOf(await book(node, rival, slots[0]))).to.equal('ok')
	})

	describe('the patient of a booking', () => {
		it('is the caller for a patient, named or not', async () => {
			const [first, second, third] = await slotsOf(node, doctor, { count: 3 })
			expect(done(await book(node, patient, first, { patientId: patient.id })).patientId).to.equal(patient.id)
			expect(done(await book(node, patient, second as string)).patientId).to.equal(patient.id)
			const other = await aPatient(node)
			expect(codeOf(await book(node, patient, third as string, { patientId: other.id }))).to.equal('forbidden')
			const socket = await aSocket(node, patient.token)
			expect(ackCode(await bookLive(socket, third as string, { patientId: other.id }))).to.equal('forbidden')
		})

		it('is any patient for staff, with or without an account, but must be named', async () => {
			const [first, second, third] = await slotsOf(node, doctor, { count: 3 })
			const caller = await aPatientWithoutAccount(node, 'Grace Hopper')
			const withAccount = done(await book(node, desk, first, { patientId: patient.id }))
			expect(withAccount).to.deep.include({ patientId: patient.id, bookedBy: desk.id, patientName: patient.fullName })
			const without = done(await book(node, await anAdmin(node), second as string, { patientId: caller }))
			expect(without).to.deep.include({ patientId: caller, patientName: 'Grace Hopper' })
			const unnamed = await book(node, desk, third as string)
			expect(codeOf(unnamed)).to.equal('invalid_input')
			expect(unnamed.body.errors[0].path).to.equal('patientId')
			for (const patientId of ['987654321', 'nobody', '0', desk.id]) {
				expect(codeOf(await book(node, desk, third as string, { patientId })), patientId).to.equal('not_found')
			}
		})

		it('does not exist for another doctor, a pending account or a visitor, who are refused', async () => {
			const [slot] = await slotsOf(node, doctor)
			const other = await aDoctor(node)
			expect(codeOf(await book(node, other, slot, { patientId: patient.id }))).to.equal('forbidden')
			const pending = await aDoctor(node, { status: 'pending' })
			expect(codeOf(await book(node, pending, slot, { patientId: patient.id }))).to.equal('account_pending')
			const waiting = await aPatient(node, { status: 'pending' })
			expect(codeOf(await book(node, waiting, slot))).to.equal('account_pending')
			expect(codeOf(await call(node, 'POST', '/appointments', { body: { slotId: slot } }))).to.equal('unauthenticated')
			expect(ackCode(await bookLive(await aSocket(node), slot))).to.equal('unauthenticated')
			expect(ackCode(await bookLive(await aSocket(node, other.token), slot))).to.equal('forbidden')
			expect(ackCode(await bookLive(await aSocket(node, pending.token), slot))).to.equal('account_pending')
			const disabled = await aPatient(node)
			await node.db('users').where({ id: disabled.id }).update({ status: 'disabled' })
			expect(codeOf(await book(node, disabled, slot))).to.equal('account_disabled')
		})
	})

	describe('a refused booking', () => {
		it('names a slot, type or patient that does not exist', async () => {
			const [slot] = await slotsOf(node, doctor)
			const strange = [
				`${doctor.id}-1`,
				`${doctor.id}-999999999`,
				'123456789012345678-29000000',
				'nothing',
				'-',
				'1-',
				`${slot}0`,
				`${slot} `,
			]
			for (const slotId of strange) expect(codeOf(await book(node, patient, slotId)), slotId).to.equal('not_found')
			for (const typeId of ['987654321', 'x']) expect(codeOf(await book(node, patient, slot, { typeId })), typeId).to.equal('not_found')
			expect(codeOf(await book(node, patient, slot))).to.equal('ok')
		})

		it('has malformed input, and does not close the socket', async () => {
			const [slot] = await slotsOf(node, doctor)
			const socket = await aSocket(node, patient.token)
			const payloads = [
				{ slotId: slot },
				{ slotId: 7, idempotencyKey: 'k' },
				{ slotId: slot, idempotencyKey: 'with space' },
				null,
				'x',
				[],
				{ slotId: '', idempotencyKey: 'k' },
			]
			for (const payload of payloads) {
				expect(ackCode(await socket.emitWithAck('appointment:book', payload as never)), JSON.stringify(payload)).to.equal('invalid_input')
			}
			expect(codeOf(await book(node, patient, slot, { key: 'k'.repeat(129) }))).to.equal('invalid_input')
			expect(codeOf(await book(node, patient, slot, { reason: 'x'.repeat(501) }))).to.equal('invalid_input')
			expect(ackCode(await bookLive(socket, slot))).to.equal('ok')
		})

		it('asks for a slot that has begun', async () => {
			const [slot] = await slotsOf(node, doctor, { from: new Date(Math.floor(Date.now() / 60_000) * 60_000) })
			await slotsOf(node, doctor, { count: 3 })
			const answer = await book(node, patient, slot)
			expect(codeOf(answer)).to.equal('slot_in_past')
			expect(answer.body.alternatives).to.have.length(3)
		})

		it('asks for a blocked slot, or for a slot of a doctor who left', async () => {
			const [blocked, open] = await slotsOf(node, doctor, { count: 2 })
			await node.db('appointment_slots').where({ doctor_id: doctor.id }).orderBy('starts_at').limit(1).update({ is_blocked: true })
			await node.db.raw(
				'UPDATE appointment_slots SET is_blocked = (starts_at = (SELECT min(starts_at) FROM appointment_slots WHERE doctor_id = ?)) WHERE doctor_id = ?',
				[doctor.id, doctor.id],
			)
			const answer = await book(node, patient, blocked)
			expect(codeOf(answer)).to.equal('slot_blocked')
			expect(answer.body.alternatives.map((each: Slot) => each.id)).to.deep.equal([open])
			await node.db('users').where({ id: doctor.id }).update({ status: 'disabled' })
			expect(codeOf(await book(node, patient, open as string))).to.equal('slot_blocked')
		})

		it('asks for a booked slot, and is offered the nearest free slots', async () => {
			const slots = await slotsOf(node, doctor, { count: 9 })
			const rival = await aPatient(node)
			for (const index of [3, 4]) done(await book(node, index === 3 ? rival : patient, slots[index] as string))
			done(await hold(node, rival, slots[5] as string))
			const answer = await book(node, await aPatient(node), slots[4] as string)
			expect(answer.status).to.equal(409)
			expect(answer.headers.get('content-type')).to.contain('application/problem+json')
			expect(answer.body.code).to.equal('slot_booked')
			expect(answer.body.alternatives.map((each: Slot) => each.id)).to.deep.equal([2, 6, 1, 7, 0].map(index => slots[index]))
			const [offer] = answer.body.alternatives
			expect(offer).to.have.all.keys('id', 'doctorId', 'startsAt', 'endsAt', 'state')
			expect(codeOf(await book(node, await aPatient(node), offer.id)), 'an offer can be had').to.equal('ok')
			const socket = await aSocket(node, patient.token)
			const error = refused(await bookLive(socket, slots[3] as string))
			expect(error.code).to.equal('slot_booked')
			expect(error.alternatives).to.have.length(5)
		})

		it('does not reveal whose the slot is', async () => {
			const [slot] = await slotsOf(node, doctor)
			const secretive = await aPatient(node, { fullName: 'Secretive Person' })
			done(await book(node, secretive, slot, { reason: 'secret reason' }))
			const answer = await book(node, patient, slot)
			expect(JSON.stringify(answer.body)).to.not.match(/secret/i)
		})
	})

	it('is recorded in the audit log with actor and address', async () => {
		const [slot] = await slotsOf(node, doctor)
		const requestId = randomUUID()
		const answer = await call(node, 'POST', '/appointments', {
			token: patient.token,
			body: { slotId: slot },
			headers: { 'x-request-id': requestId },
		})
		const rows = await node.db('audit_log').where({ entity: 'appointment', entity_id: done(answer).id })
		expect(rows).to.have.length(1)
		expect(rows[0]).to.deep.include({ actor_id: patient.id, action: 'booked', request_id: requestId })
		expect(rows[0].ip).to.be.a('string').and.not.equal('')
	})
})
