import { expect } from 'chai'
import { createIntake } from '../../server/booking/intake.ts'
import type { BookingRequest } from '../../server/booking/request.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aBooking, aDrain, lockKey, type Scene, useScene } from './a-drain.ts'

describe('requests that come in', () => {
	let { doctor, other, patient, slots, otherSlots } = {} as Scene
	const bench = useScene(scene => {
		;({ doctor, other, patient, slots, otherSlots } = scene)
	})

	const slot = (index: number) => slots[index] as string

	/** A node that takes requests in, and how often it went to Redis for it. */
	const aNode = (overrides: Parameters<typeof aDrain>[1] = {}) => {
		const drain = aDrain(bench, overrides)
		const appended: { doctorId: string; requests: number; taken: boolean }[] = []
		const { queue } = bench
		const append: typeof queue.append = async (doctorId, requests, ...rest) => {
			const result = await queue.append(doctorId, requests, ...rest)
			appended.push({ doctorId, requests: requests.length, taken: result.taken !== null })
			return result
		}
		return { ...drain, appended, intake: createIntake({ queue: { ...queue, append }, reserve: drain.reserve, poke: drain.poke }) }
	}
	const rivalsFor = async (slotId: string, count: number): Promise<BookingRequest[]> => {
		const requests: BookingRequest[] = []
		for (let i = 0; i < count; i++) requests.push(aBooking(await aPatient(bench), slotId))
		return requests
	}
	const isUnlocked = async () => (await bench.redis.exists(lockKey(doctor.id))) === 0

	it('together are queued by one script a doctor, in order, which takes the lock with it', async () => {
		const requests = await rivalsFor(slot(0), 5)
		const elsewhere = aBooking(patient, otherSlots[0] as string)
		const node = aNode()
		await Promise.all([...requests, elsewhere].map(node.intake.add))
		await waitFor(() => node.outcomes.size === 6, 'six outcomes')
		await node.stop()
		expect(node.appended).to.have.deep.members([
			{ doctorId: doctor.id, requests: 5, taken: true },
			{ doctorId: other.id, requests: 1, taken: true },
		])
		expect(requests.map(node.answer)).to.deep.equal(['ok', ...Array(4).fill('slot_booked')])
		expect(node.answer(elsewhere)).to.equal('ok')
		expect([...node.outcomes.keys()].filter(id => id !== elsewhere.id)).to.deep.equal(requests.map(({ id }) => id))
		expect(await isUnlocked(), 'the lock is let go of').to.equal(true)
	})

	it('are settled behind those that wait already', async () => {
		const [first, second] = (await rivalsFor(slot(0), 2)) as [BookingRequest, BookingRequest]
		await bench.queue.add(first)
		const node = aNode()
		await node.intake.add(second)
		await waitFor(() => node.outcomes.size === 2, 'both outcomes')
		await node.stop()
		expect([first, second].map(node.answer)).to.deep.equal(['ok', 'slot_booked'])
	})

	it('are left to whoever has the lock', async () => {
		await bench.redis.set(lockKey(doctor.id), 'another node', 'PX', 4000)
		const request = aBooking(patient, slot(0))
		const node = aNode()
		await node.intake.add(request)
		await node.stop()
		expect([node.answer(request), await bench.queue.length(doctor.id)]).to.deep.equal(['untold', 1])
		expect(await bench.redis.get(lockKey(doctor.id))).to.equal('another node')
		await bench.redis.del(lockKey(doctor.id))
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect(next.answer(request)).to.equal('ok')
	})

	it('are queued while all lanes are taken, and settled when one is free', async () => {
		const requests = await rivalsFor(slot(0), 3)
		const node = aNode()
		const lanes = ['1', '2', '3', '4'].map(doctorId => node.reserve([doctorId]))
		expect(node.reserve(['5'])).to.equal(null)
		await Promise.all(requests.map(node.intake.add))
		expect(node.outcomes.size).to.equal(0)
		for (const lane of lanes) lane?.start(new Map())
		await waitFor(() => node.outcomes.size === 3, 'three outcomes')
		await node.stop()
		expect(requests.map(node.answer)).to.deep.equal(['ok', 'slot_booked', 'slot_booked'])
	})

	it('while their doctor’s batch is being settled are settled next, though nobody asks again', async () => {
		const [first, second] = (await rivalsFor(slot(0), 2)) as [BookingRequest, BookingRequest]
		let late: Promise<void> | undefined
		const node = aNode({
			run: async (statement, values) => {
				if (statement.name === 'settle') late ??= bench.queue.add(second)
				await late
				return (await bench.run(statement, values)) as never
			},
		})
		await node.intake.add(first)
		await waitFor(() => node.outcomes.size === 2, 'both outcomes')
		await node.stop()
		expect([first, second].map(node.answer)).to.deep.equal(['ok', 'slot_booked'])
	})

	it('on a node that dies with the lock are settled by another, when the lease has run out', async () => {
		const request = aBooking(patient, slot(0))
		const lease = bench.locks.propose(lockKey(doctor.id))
		const { taken } = await bench.queue.append(doctor.id, [request], lease, 10)
		expect(taken?.entries.map(entry => entry.request.doctorId)).to.deep.equal([doctor.id])
		const early = aDrain(bench)
		early.poke(doctor.id)
		await early.stop()
		expect(early.answer(request), 'while the lease lasts').to.equal('untold')
		await bench.redis.del(lockKey(doctor.id))
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect(next.answer(request)).to.equal('ok')
	})

	it('let go of a lock that may have been taken when the answer is lost', async () => {
		const { queue } = bench
		const losing: typeof queue.append = async (...args) => {
			await queue.append(...args)
			throw new Error('Connection is closed.')
		}
		const drain = aDrain(bench)
		const intake = createIntake({ queue: { append: losing }, reserve: drain.reserve, poke: drain.poke })
		const request = aBooking(patient, slot(0))
		const failed = await intake.add(request).then(
			() => 'added',
			error => error.message,
		)
		expect(failed).to.equal('Connection is closed.')
		await waitFor(isUnlocked, 'the lock to be let go of')
		await drain.empty(doctor.id)
		expect(drain.answer(request)).to.equal('ok')
	})

	it('keep a lease that Redlock knows: another cannot have it, and it can be released', async () => {
		const lease = bench.locks.propose(lockKey(doctor.id))
		expect((await bench.queue.append(doctor.id, [aBooking(patient, slot(0))], lease, 10)).taken).not.to.equal(null)
		expect(await bench.locks.tryAcquire(lockKey(doctor.id))).to.equal(null)
		await lease.release()
		const next = await bench.locks.tryAcquire(lockKey(doctor.id))
		expect(next?.token).to.be.a('string')
		await next?.release()
		const drain = aDrain(bench)
		await drain.empty(doctor.id)
	})
})
