import { expect } from 'chai'
import type { BookingRequest } from '../../server/booking/requests.ts'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aBooking, aDrain, lockKey, type Scene, useScene } from './drain.ts'

describe('posted requests', () => {
	let { doctor, other, patient, slots, otherSlots } = {} as Scene
	const bench = useScene(scene => {
		;({ doctor, other, patient, slots, otherSlots } = scene)
	})

	const slot = (index: number) => slots[index] as string

	const rivalsFor = async (slotId: string, count: number): Promise<BookingRequest[]> => {
		const requests: BookingRequest[] = []
		for (let i = 0; i < count; i++) requests.push(aBooking(await aPatient(bench), slotId))
		return requests
	}
	const isUnlocked = async () => (await bench.redis.exists(lockKey(doctor.id))) === 0

	it('are taken together and in order when posted in one turn, under leases that end with the batch', async () => {
		const requests = await rivalsFor(slot(0), 5)
		const elsewhere = aBooking(patient, otherSlots[0] as string)
		const batches: Record<string, number>[] = []
		const node = aDrain(bench, { onBatch: batch => void batches.push(batch) })
		await Promise.all([...requests, elsewhere].map(request => node.post(request.doctorId, request)))
		await waitFor(() => node.outcomes.size === 6, 'six outcomes')
		await node.stop()
		expect(batches).to.deep.equal([{ [doctor.id]: 5, [other.id]: 1 }])
		expect(requests.map(node.answer)).to.deep.equal(['ok', ...Array(4).fill('slot_booked')])
		expect(node.answer(elsewhere)).to.equal('ok')
		expect([...node.outcomes.keys()].filter(id => id !== elsewhere.id)).to.deep.equal(requests.map(({ id }) => id))
		expect(await isUnlocked(), 'the lease has ended').to.equal(true)
	})

	it('are settled after requests that wait already', async () => {
		const [first, second] = (await rivalsFor(slot(0), 2)) as [BookingRequest, BookingRequest]
		await bench.queue.add(first)
		const node = aDrain(bench)
		await node.post(doctor.id, second)
		await waitFor(() => node.outcomes.size === 2, 'both outcomes')
		await node.stop()
		expect([first, second].map(node.answer)).to.deep.equal(['ok', 'slot_booked'])
	})

	it('are left to the owner of the lease', async () => {
		await bench.redis.set(lockKey(doctor.id), 'another node', 'PX', 4000)
		const request = aBooking(patient, slot(0))
		const node = aDrain(bench)
		await node.post(doctor.id, request)
		await node.stop()
		expect([node.answer(request), await bench.queue.length(doctor.id)]).to.deep.equal(['untold', 1])
		expect(await bench.redis.get(lockKey(doctor.id))).to.equal('another node')
		await bench.redis.del(lockKey(doctor.id))
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect(next.answer(request)).to.equal('ok')
	})

	it('wait while all lanes drain, and are settled when one is free', async () => {
		const requests = await rivalsFor(slot(0), 3)
		let isHeldUp = true
		const busy = ['1', '2', '3', '4']
		const node = aDrain(bench, {
			run: async (statement, values) => {
				if (statement.name === 'slots_in_spans' && busy.includes((values[0] as string[])[0] as string))
					await waitFor(() => !isHeldUp, 'the lanes to go on')
				return await bench.run(statement, values)
			},
		})
		for (const doctorId of busy) await node.post(doctorId, { kind: 'announce', doctorId, minutes: [1] })
		await Promise.all(requests.map(request => node.post(doctor.id, request)))
		expect(await bench.queue.length(doctor.id)).to.equal(3)
		expect(node.outcomes.size).to.equal(0)
		isHeldUp = false
		await waitFor(() => node.outcomes.size === 3, 'three outcomes')
		await node.stop()
		expect(requests.map(node.answer)).to.deep.equal(['ok', 'slot_booked', 'slot_booked'])
	})

	it('are settled next when they arrive during their doctor’s batch', async () => {
		const [first, second] = (await rivalsFor(slot(0), 2)) as [BookingRequest, BookingRequest]
		let late: Promise<void> | undefined
		const node = aDrain(bench, {
			run: async (statement, values) => {
				if (statement.name === 'settle') late ??= bench.queue.add(second)
				await late
				return (await bench.run(statement, values)) as never
			},
		})
		await node.post(doctor.id, first)
		await waitFor(() => node.outcomes.size === 2, 'both outcomes')
		await node.stop()
		expect([first, second].map(node.answer)).to.deep.equal(['ok', 'slot_booked'])
	})

	it('are settled by another node after the lease of a dead owner has expired', async () => {
		const request = aBooking(patient, slot(0))
		await bench.queue.add(request)
		await bench.redis.set(lockKey(doctor.id), 'of the dead node', 'PX', 4000)
		const early = aDrain(bench)
		early.wake(doctor.id)
		await early.stop()
		expect(early.answer(request), 'while the lease lasts').to.equal('untold')
		await bench.redis.del(lockKey(doctor.id))
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect(next.answer(request)).to.equal('ok')
	})

	it('release a lease that may have been taken when Redis’s answer is lost', async () => {
		const drain = aDrain(bench)
		// The index has another type now, so that the script fails after it began.
		await bench.redis.set(keyOf.waiting(keyOf.stream(doctor.id).split(':')[0] as string), 'no index')
		const failed = await drain.post(doctor.id, aBooking(patient, slot(0))).then(
			() => 'added',
			error => error.message,
		)
		expect(failed).to.match(/WRONGTYPE/)
		await waitFor(isUnlocked, 'the lease to end')
		await bench.redis.del(keyOf.waiting(keyOf.stream(doctor.id).split(':')[0] as string))
		await drain.empty(doctor.id)
	})
})
