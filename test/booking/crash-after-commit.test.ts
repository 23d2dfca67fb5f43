import { expect } from 'chai'
import type { BookingRequest, ChangeRequest } from '../../server/booking/requests.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aBooking, aCancellation, actorOf, aDrain, aMove, hear, lockKey, type Scene, useScene } from './drain.ts'

describe('a batch that is interrupted after its commit', () => {
	let { doctor, other, patient, slots, otherSlots } = {} as Scene
	const bench = useScene(scene => {
		;({ doctor, other, patient, slots, otherSlots } = scene)
	})

	const slot = (index: number) => slots[index] as string
	const otherSlot = (index: number) => otherSlots[index] as string

	const booked = async (index = 0, who = patient) => {
		const request = aBooking(who, slot(index))
		const drain = aDrain(bench)
		await bench.queue.add(request)
		await drain.empty(doctor.id)
		return drain.appointment(request)
	}

	/** Decides and commits, and dies before its effects. */
	const commitAndDie = async (...requests: ChangeRequest[]) => {
		for (const request of requests) await bench.queue.add(request)
		const { doctorId } = requests[0] as ChangeRequest
		let isCommitted = false
		const dying = aDrain(bench, {
			beforeEffects() {
				isCommitted = true
				return new Promise(() => {})
			},
		})
		dying.wake(doctorId)
		await waitFor(() => isCommitted, 'the commit')
		// Stands for the end of the dead node's lease.
		await bench.redis.del(lockKey(doctorId))
	}

	const appointmentsOf = (doctorId: string) => bench.db('appointments').where({ doctor_id: doctorId }).orderBy('id')

	it('is published once by the next drain, and not written again', async () => {
		const loser = await aPatient(bench)
		const won = aBooking(patient, slot(0))
		const lost = aBooking(loser, slot(0))
		await commitAndDie(won, lost)
		const heard = await hear(bench, doctor.id)

		const drain = aDrain(bench)
		await drain.empty(doctor.id)
		await waitFor(() => heard.length > 0, 'watchers are told')
		expect([drain.answer(won), drain.answer(lost)]).to.deep.equal(['ok', 'slot_booked'])
		expect(drain.outcomes.get(won.id)).to.have.length(1)
		expect(drain.happenings.map(({ change, appointment }) => [change, appointment.id])).to.deep.equal([
			['booked', drain.appointment(won).id],
		])
		expect(heard).to.deep.equal([`${slot(0)} booked`])
		expect(await appointmentsOf(doctor.id)).to.have.length(1)
		const audit = await bench.db('audit_log').where({ entity: 'appointment', entity_id: drain.appointment(won).id })
		expect(audit).to.have.length(1)
	})

	it('does not leave a claim that keeps others off a freed slot', async () => {
		const request = aBooking(patient, slot(0))
		await commitAndDie(request)
		const drain = aDrain(bench)
		await drain.empty(doctor.id)
		const next = aDrain(bench)
		await bench.queue.add(aCancellation(patient, drain.appointment(request)))
		await next.empty(doctor.id)
		const hold = await bench.holds.place(actorOf(await aPatient(bench)), { slotId: slot(0) })
		expect(hold.slotIds).to.deep.equal([slot(0)])
	})

	it('publishes the slot of a cancellation as free', async () => {
		const appointment = await booked()
		const request = aCancellation(patient, appointment)
		await commitAndDie(request)
		const heard = await hear(bench, doctor.id)
		const drain = aDrain(bench)
		await drain.empty(doctor.id)
		await waitFor(() => heard.length > 0, 'watchers are told')
		expect(heard).to.deep.equal([`${slot(0)} free`])
		expect(drain.appointment(request).status).to.equal('cancelled')
		expect(drain.happenings.map(({ change }) => change)).to.deep.equal(['cancelled'])
	})

	it('publishes the old slot of a moved appointment', async () => {
		const appointment = await booked()
		const request = aMove(patient, appointment.id, slot(3))
		await commitAndDie(request)
		const heard = await hear(bench, doctor.id)
		const drain = aDrain(bench)
		await drain.empty(doctor.id)
		expect(drain.appointment(request).slotIds).to.deep.equal([slot(3)])
		await waitFor(() => heard.includes('reset') || heard.includes(`${slot(0)} free`), 'watchers learn that the old slot is free')
	})

	it('publishes the old doctor’s slot of a moved appointment', async () => {
		const appointment = await booked()
		const request = aMove(patient, appointment.id, otherSlot(0), { fromDoctorId: doctor.id })
		await commitAndDie(request)
		const heard = await hear(bench, doctor.id)
		const drain = aDrain(bench)
		drain.wake(other.id)
		await waitFor(() => drain.outcomes.has(request.id), 'the move')
		await waitFor(() => heard.includes('reset') || heard.includes(`${slot(0)} free`), 'the old doctor’s watchers')
		await drain.stop()
		expect(drain.appointment(request).doctorId).to.equal(other.id)
	})

	it('keeps its requests until the other doctor’s mailbox has its announcement', async () => {
		const appointment = await booked()
		const request = aMove(patient, appointment.id, otherSlot(0), { fromDoctorId: doctor.id })
		await bench.queue.add(request)
		const { queue } = bench
		const dying = aDrain(bench, { finish: doctorId => (doctorId === other.id ? Promise.reject(new Error('died')) : new Promise(() => {})) })
		dying.wake(other.id)
		await waitFor(async () => (await queue.length(doctor.id)) > 0, 'an announcement for the old doctor')
		await waitFor(async () => (await bench.redis.exists(lockKey(other.id))) === 0, 'the lease to end')
		expect(await queue.length(other.id), 'the request is still there').to.equal(1)
		await bench.redis.del(lockKey(doctor.id))
		const heard = await hear(bench, doctor.id)
		const next = aDrain(bench)
		await next.empty(other.id)
		expect(next.appointment(request).slotIds).to.deep.equal([otherSlot(0)])
		const last = aDrain(bench)
		await last.empty(doctor.id)
		await waitFor(() => heard.includes(`${slot(0)} free`), 'the old doctor’s watchers')
	})

	it('returns its outcome to a repeated key, and notifies no account a second time', async () => {
		const request = aBooking(patient, slot(0))
		await commitAndDie(request)
		const first = aDrain(bench)
		await first.empty(doctor.id)
		const again: BookingRequest = { ...request, id: '00000000-0000-4000-8000-000000000001' }
		await bench.queue.add(again)
		const second = aDrain(bench)
		const heard = await hear(bench, doctor.id)
		await second.empty(doctor.id)
		expect(second.appointment(again).id).to.equal(first.appointment(request).id)
		expect(second.happenings).to.deep.equal([])
		expect(heard).to.deep.equal([])
	})
})
