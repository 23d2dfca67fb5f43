import { expect } from 'chai'
import { aBooking, aCancellation, anAppointment, aSlot, decider, minutes, morning, told, type World } from './decider.ts'

describe('the rules of a batch', () => {
	describe('booking', () => {
		it('gives a slot to the first request and refuses those behind it', () => {
			const decide = decider({ slots: [aSlot(0)] })
			const answers = ['50', '51', '52'].map(by => told(decide(aBooking(0, { by }))))
			expect(answers).to.deep.equal(['book', 'slot_booked', 'slot_booked'])
		})

		it('names why a slot is refused', () => {
			const decide = decider({
				slots: [aSlot(0), aSlot(15, { isBlocked: true }), aSlot(30), aSlot(-60), aSlot(-45)],
				appointments: [anAppointment()],
				held: { 30: '99' },
			})
			const by = '51'
			expect(told(decide(aBooking(0, { by })))).to.equal('slot_booked')
			expect(told(decide(aBooking(15, { by })))).to.equal('slot_blocked')
			expect(told(decide(aBooking(30, { by })))).to.equal('slot_held')
			expect(told(decide(aBooking(45, { by })))).to.equal('not_found')
			expect(told(decide(aBooking(-60, { by })))).to.equal('slot_in_past')
			expect(told(decide(aBooking(-45, { by })))).to.equal('book')
			expect(told(decide(aBooking(30, { by: '99', patientId: '1234' })))).to.equal('not_found')
		})

		it('treats a slot as past from its start', () => {
			const at = (ms: number) => told(decider({ slots: [aSlot(0)], nowMs: ms })(aBooking(0)))
			expect(at(morning * 60_000 - 1)).to.equal('book')
			expect(at(morning * 60_000)).to.equal('slot_in_past')
		})

		it('lets the holder book, and staff for a patient who is the holder', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(15)], held: { 0: '50', 15: '70' } })
			expect(told(decide(aBooking(0)))).to.equal('book')
			expect(told(decide(aBooking(15, { by: '70', patientId: '51', privileged: true })))).to.equal('book')
		})

		it('takes as many consecutive slots as the minutes need', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(15), aSlot(30), aSlot(45)] })
			const decision = decide(aBooking(0, { minutes: 40 }))
			expect(decision?.do).to.equal('book')
			expect(decision?.do === 'book' && minutes(decision.slots)).to.deep.equal([0, 15, 30])
			expect(told(decide(aBooking(30, { by: '51', minutes: 15 })))).to.equal('slot_booked')
			expect(told(decide(aBooking(45, { by: '51', minutes: 15 })))).to.equal('book')
		})

		it('refuses consecutive slots of which one is taken, blocked, held or missing, and takes none', () => {
			const world: World = {
				slots: [aSlot(0), aSlot(15), aSlot(30), aSlot(45, { isBlocked: true }), aSlot(60), aSlot(75), aSlot(105)],
				appointments: [anAppointment({ patientId: '52', slotMinutes: [morning + 15], startMinute: morning + 15, endMinute: morning + 30 })],
				held: { 75: '99' },
			}
			const decide = decider(world)
			const run = (at: number) => told(decide(aBooking(at, { by: '51', minutes: 30 })))
			expect(run(0)).to.equal('slot_booked')
			expect(run(30)).to.equal('slot_blocked')
			expect(run(60)).to.equal('slot_held')
			expect(run(105)).to.equal('slot_blocked')
			for (const at of [0, 30, 60, 105]) expect(told(decide(aBooking(at, { by: '50' }))), String(at)).to.equal('book')
		})

		it('does not bridge a gap between slots', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(20)] })
			expect(told(decide(aBooking(0, { minutes: 30 })))).to.equal('slot_blocked')
		})

		it('refuses overlapping visits of a patient, in the database or the batch, but not adjacent ones', () => {
			const decide = decider({
				slots: [aSlot(0, { doctorId: '2' }), aSlot(15, { doctorId: '2' }), aSlot(30), aSlot(30, { doctorId: '2' }), aSlot(45)],
				appointments: [anAppointment()],
			})
			expect(told(decide(aBooking(0, { doctorId: '2' }))), 'in the database').to.equal('patient_overlap')
			expect(told(decide(aBooking(15, { doctorId: '2' }))), 'right behind').to.equal('book')
			expect(told(decide(aBooking(30))), 'right behind, in the batch').to.equal('book')
			expect(told(decide(aBooking(30, { doctorId: '2' }))), 'in the batch').to.equal('patient_overlap')
			expect(told(decide(aBooking(30, { doctorId: '2', by: '51' }))), 'somebody else').to.equal('book')
		})

		it('detects overlaps of appointments of different length', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(15), aSlot(15, { doctorId: '2' })] })
			expect(told(decide(aBooking(0, { minutes: 30 })))).to.equal('book')
			expect(told(decide(aBooking(15, { doctorId: '2' })))).to.equal('patient_overlap')
		})

		it('does not remember a refused request', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(0, { doctorId: '2', isBlocked: true })] })
			expect(told(decide(aBooking(0, { doctorId: '2' })))).to.equal('slot_blocked')
			expect(told(decide(aBooking(0)))).to.equal('book')
		})
	})

	describe('keys', () => {
		const prior = (changes = {}) => ({ fingerprint: 'f', requestId: 'earlier', refusal: null, appointmentId: '900', ...changes })

		it('repeat an outcome of the database, also a refusal, before any other rule', () => {
			const decide = decider({ prior: { k: prior(), r: prior({ refusal: 'slot_booked' }) } })
			expect(decide(aBooking(0, { key: 'k', fingerprint: 'f' }))).to.deep.include({ do: 'repeat' })
			const refused = decide(aBooking(0, { key: 'r', fingerprint: 'f' }))
			expect(refused?.do === 'repeat' && refused.prior.refusal).to.equal('slot_booked')
			expect(told(decide(aBooking(0, { key: 'k', fingerprint: 'other' })))).to.equal('idempotency_mismatch')
		})

		it('repeat a decision of the batch, for the same account only', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(15)] })
			const first = aBooking(0, { key: 'k', fingerprint: 'f' })
			expect(told(decide(first))).to.equal('book')
			const second = decide(aBooking(0, { key: 'k', fingerprint: 'f' }))
			expect(second?.do === 'repeat-of' && second.request.id).to.equal(first.id)
			expect(told(decide(aBooking(15, { key: 'k', fingerprint: 'g' })))).to.equal('idempotency_mismatch')
			expect(told(decide(aBooking(15, { key: 'k', fingerprint: 'g', by: '51' })))).to.equal('book')
		})

		it('repeat a refusal of the batch', () => {
			const decide = decider({ slots: [aSlot(0, { isBlocked: true })] })
			const first = aBooking(0, { key: 'k', fingerprint: 'f' })
			expect(told(decide(first))).to.equal('slot_blocked')
			expect(told(decide(aBooking(0, { key: 'k', fingerprint: 'f' })))).to.equal('repeat-of')
		})

		it('do not remember a request that has to wait', () => {
			const decide = decider({ slots: [aSlot(0), aSlot(15)], appointments: [anAppointment()] })
			expect(told(decide(aCancellation()))).to.equal('update')
			const waits = aBooking(0, { by: '51', key: 'k', fingerprint: 'f' })
			expect(decide(waits)).to.equal(null)
			expect(decide({ ...waits, id: 'again' })).to.equal(null)
		})
	})
})
