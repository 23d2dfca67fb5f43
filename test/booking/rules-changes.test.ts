import { expect } from 'chai'
import type { AppointmentStatus } from '../../contract/index.ts'
import type { ChangeRequest } from '../../server/booking/requests.ts'
import { nextStatuses, type StoredAppointment } from '../../server/booking/rules.ts'
import { slotKey } from '../../server/slots/availability.ts'
import {
	aBooking,
	aCancellation,
	aMove,
	anAppointment,
	aSlot,
	aStatus,
	decider,
	minutes,
	morning,
	nowMs,
	told,
	type World,
} from './decider.ts'

describe('the rules for changes in a batch', () => {
	describe('a request waits for the batch', () => {
		const world: World = {
			slots: [aSlot(0), aSlot(15), aSlot(30), aSlot(45), aSlot(0, { doctorId: '2' })],
			appointments: [
				anAppointment(),
				anAppointment({ id: '901', patientId: '51', slotMinutes: [morning + 30], startMinute: morning + 30, endMinute: morning + 45 }),
			],
		}
		const afterCancelling = (next: ChangeRequest) => {
			const decide = decider(world)
			expect(told(decide(aCancellation()))).to.equal('update')
			return told(decide(next))
		}

		it('when it wants a slot that the batch frees', () => {
			expect(afterCancelling(aBooking(0, { by: '52' }))).to.equal('wait')
			expect(afterCancelling(aMove(0, { appointmentId: '901', by: '51' }))).to.equal('wait')
			expect(afterCancelling(aBooking(15, { by: '52' }))).to.equal('book')
		})

		it('when it concerns an appointment or a patient that the batch changes', () => {
			expect(afterCancelling(aCancellation())).to.equal('wait')
			expect(afterCancelling(aMove(15))).to.equal('wait')
			expect(afterCancelling(aStatus('checked_in'))).to.equal('wait')
			expect(afterCancelling(aBooking(0, { doctorId: '2' }))).to.equal('wait')
			expect(afterCancelling(aCancellation({ appointmentId: '901', by: '51' }))).to.equal('update')
		})

		it('when it moves an appointment whose patient gets another in the batch', () => {
			const decide = decider(world)
			expect(told(decide(aBooking(15)))).to.equal('book')
			expect(told(decide(aMove(45)))).to.equal('wait')
		})

		it('when its slots include a freed slot', () => {
			const decide = decider({ ...world, slots: [aSlot(-15), ...(world.slots ?? [])] })
			expect(told(decide(aCancellation()))).to.equal('update')
			expect(told(decide(aBooking(-15, { by: '52', minutes: 30 })))).to.equal('wait')
		})
	})

	describe('cancelling', () => {
		const start = morning * 60_000
		const world = (at: number, cutoffMs: number, status: AppointmentStatus = 'booked'): World => ({
			slots: [aSlot(0)],
			appointments: [anAppointment({ status })],
			nowMs: at,
			cutoffMs,
		})

		it('is too late for a patient from the cut-off on, but not for staff', () => {
			const cutoffMs = 2 * 3_600_000
			expect(told(decider(world(start - cutoffMs - 1, cutoffMs))(aCancellation()))).to.equal('update')
			expect(told(decider(world(start - cutoffMs, cutoffMs))(aCancellation()))).to.equal('too_late')
			expect(told(decider(world(start - cutoffMs, cutoffMs))(aCancellation({ privileged: true })))).to.equal('update')
		})

		it('is too late for a patient once the visit has begun, without a cut-off', () => {
			expect(told(decider(world(start - 1, 0))(aCancellation()))).to.equal('update')
			expect(told(decider(world(start, 0))(aCancellation()))).to.equal('too_late')
		})

		it('is possible for staff until the visit is over', () => {
			const end = start + 15 * 60_000
			expect(told(decider(world(end - 1, 0))(aCancellation({ privileged: true })))).to.equal('update')
			expect(told(decider(world(end, 0))(aCancellation({ privileged: true })))).to.equal('too_late')
		})

		it('frees every slot of the appointment', () => {
			const decide = decider({
				slots: [aSlot(0), aSlot(15)],
				appointments: [anAppointment({ slotMinutes: [morning, morning + 15], endMinute: morning + 30 })],
			})
			const decision = decide(aCancellation())
			expect(decision?.do === 'update' && minutes(decision.freed)).to.deep.equal([0, 15])
			expect(decision?.do === 'update' && decision.after.status).to.equal('cancelled')
		})

		it('is possible while booked, and for staff while checked in, but not after', () => {
			const answer = (status: AppointmentStatus, privileged: boolean) =>
				told(decider(world(nowMs, 0, status))(aCancellation({ privileged })))
			expect(answer('checked_in', false)).to.equal('wrong_status')
			expect(answer('checked_in', true)).to.equal('update')
			for (const status of ['in_progress', 'completed', 'no_show', 'cancelled'] as const) {
				expect(answer(status, true), status).to.equal('wrong_status')
				expect(answer(status, false), status).to.equal('wrong_status')
			}
		})

		it('follows an appointment that moved to another doctor', () => {
			const decide = decider({ appointments: [anAppointment({ doctorId: '2' })] })
			expect(decide(aCancellation())).to.deep.equal({ do: 'forward', doctorId: '2' })
		})

		it('does not find a missing appointment', () => {
			expect(told(decider()(aCancellation({ appointmentId: '1' })))).to.equal('not_found')
		})
	})

	describe('moving', () => {
		const half: Partial<StoredAppointment> = { slotMinutes: [morning, morning + 15], endMinute: morning + 30, typeMinutes: 30 }
		const row = [0, 15, 30, 45].map(at => aSlot(at))
		const neighbour = anAppointment({
			id: '901',
			patientId: '51',
			slotMinutes: [morning + 15],
			startMinute: morning + 15,
			endMinute: morning + 30,
		})

		it('keeps slots that the appointment already has', () => {
			const decision = decider({ slots: row, appointments: [anAppointment(half)] })(aMove(15))
			if (decision?.do !== 'update') throw new Error(told(decision))
			expect(minutes(decision.freed)).to.deep.equal([0])
			expect(minutes(decision.taken)).to.deep.equal([30])
			expect(decision.after).to.deep.equal({
				doctorId: '1',
				startMinute: morning + 15,
				endMinute: morning + 45,
				slotMinutes: [morning + 15, morning + 30],
				status: 'booked',
			})
		})

		it('changes the doctor, with slots of both', () => {
			const there = row.map(slot => ({ ...slot, doctorId: '2' }))
			const decision = decider({ slots: [...row, ...there], appointments: [anAppointment(half)] })(aMove(0, { doctorId: '2' }))
			if (decision?.do !== 'update') throw new Error(told(decision))
			expect(decision.freed.map(slotKey)).to.deep.equal([`1-${morning}`, `1-${morning + 15}`])
			expect(decision.taken.map(slotKey)).to.deep.equal([`2-${morning}`, `2-${morning + 15}`])
		})

		it('is refused for other people’s slots and holds, and the patient’s other appointments', () => {
			const appointments = [
				anAppointment(),
				neighbour,
				anAppointment({ id: '902', doctorId: '2', slotMinutes: [morning + 45], startMinute: morning + 45, endMinute: morning + 60 }),
			]
			const decide = decider({ slots: row, appointments, held: { 30: '99' } })
			expect(told(decide(aMove(15)))).to.equal('slot_booked')
			expect(told(decide(aMove(30)))).to.equal('slot_held')
			expect(told(decide(aMove(45)))).to.equal('patient_overlap')
			expect(told(decide(aMove(60)))).to.equal('not_found')
		})

		it('gives a slot to the first of two', () => {
			const decide = decider({ slots: row, appointments: [anAppointment(), neighbour] })
			expect(told(decide(aMove(30)))).to.equal('update')
			expect(told(decide(aMove(30, { appointmentId: '901', by: '51' })))).to.equal('slot_booked')
		})

		it('does not swap two appointments', () => {
			const decide = decider({ slots: row, appointments: [anAppointment(), neighbour] })
			expect(told(decide(aMove(15)))).to.equal('slot_booked')
			expect(told(decide(aMove(0, { appointmentId: '901', by: '51' })))).to.equal('slot_booked')
		})

		it('keeps a single slot for an appointment that was booked as one, however long its type', () => {
			const decision = decider({ slots: row, appointments: [anAppointment({ typeMinutes: 60 })] })(aMove(30))
			expect(decision?.do === 'update' && decision.after.slotMinutes).to.deep.equal([morning + 30])
		})

		it('has the cut-off of cancelling for patients, but not for staff', () => {
			const world: World = { slots: row, appointments: [anAppointment()], cutoffMs: 2 * 3_600_000 }
			expect(told(decider(world)(aMove(30)))).to.equal('too_late')
			expect(told(decider(world)(aMove(30, { privileged: true })))).to.equal('update')
		})
	})

	describe('statuses', () => {
		it('change only as the table says, and slots stay taken', () => {
			const all: AppointmentStatus[] = ['booked', 'checked_in', 'in_progress', 'completed', 'no_show']
			for (const before of [...all, 'cancelled'] as const) {
				for (const after of all) {
					const decision = decider({ slots: [aSlot(0)], appointments: [anAppointment({ status: before })], nowMs: morning * 60_000 })(
						aStatus(after),
					)
					const expected = nextStatuses[before].includes(after) ? 'update' : 'wrong_status'
					expect(told(decision), `${before} to ${after}`).to.equal(expected)
					if (decision?.do === 'update') expect([...decision.freed, ...decision.taken]).to.deep.equal([])
				}
			}
		})

		it('cannot be completed or no-show in the future', () => {
			for (const before of ['booked', 'checked_in'] as const)
				for (const after of ['completed', 'no_show'] as const)
					expect(told(decider({ slots: [aSlot(0)], appointments: [anAppointment({ status: before })] })(aStatus(after)))).to.equal(
						'wrong_status',
					)
		})

		it('do not change after cancelled, nor to themselves', () => {
			expect(nextStatuses.cancelled).to.deep.equal([])
			for (const [status, next] of Object.entries(nextStatuses)) expect(next).to.not.include(status)
		})
	})
})
