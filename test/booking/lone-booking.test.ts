import { expect } from 'chai'
import type { BookingRequest } from '../../server/booking/requests.ts'
import type { Refusal } from '../../server/platform/refusal.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aBooking, actorOf, aDrain, type Scene, useScene } from './drain.ts'

describe('a booking that is alone in its batch', () => {
	let { patient, slots, otherSlots } = {} as Scene
	const bench = useScene(scene => {
		;({ patient, slots, otherSlots } = scene)
	})
	const slot = (index: number) => slots[index] as string

	/** Posts the request on a node of its own, and waits for its outcome. */
	const answerTo = async (request: BookingRequest, overrides: Parameters<typeof aDrain>[1] = {}) => {
		const node = aDrain(bench, overrides)
		await node.post(request.doctorId, request)
		await waitFor(() => node.outcomes.size === 1, 'an outcome')
		await node.stop()
		return node.answer(request)
	}
	const holdFor = async (slotId: string) => {
		const rival = await aPatient(bench)
		return await bench.holds.place(actorOf(rival), { slotId }).then(
			() => 'held',
			(error: Refusal) => error.code,
		)
	}

	it('keeps new holds off its slot from the take until it is settled', async () => {
		const heldMeanwhile: string[] = []
		let claims = 0
		const claim: typeof bench.claim = (...args) => {
			claims++
			return bench.claim(...args)
		}
		const answer = await answerTo(aBooking(patient, slot(0)), {
			claim,
			run: async (statement, values) => {
				if (statement.name === 'settle') heldMeanwhile.push(await holdFor(slot(0)))
				return (await bench.run(statement, values)) as never
			},
		})
		expect([answer, heldMeanwhile, claims]).to.deep.equal(['ok', ['slot_held'], 0])
	})

	it('leaves a slot that it did not win free for holds', async () => {
		expect(await answerTo(aBooking(patient, otherSlots[0] as string))).to.equal('ok')
		expect(await answerTo(aBooking(patient, slot(0)))).to.equal('patient_overlap')
		expect(await holdFor(slot(0))).to.equal('held')
	})

	it('does not win a slot that another account holds, nor end that hold', async () => {
		expect(await holdFor(slot(0))).to.equal('held')
		expect(await answerTo(aBooking(patient, slot(0)))).to.equal('slot_held')
		expect(await holdFor(slot(0))).to.equal('slot_held')
	})
})
