import { expect } from 'chai'
import type { BookingRequest, ChangeRequest } from '../../server/booking/requests.ts'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { tagOf } from '../../server/platform/redis/shard.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aBooking, aDrain, afterStatement, hear, lockKey, type Scene, useScene } from './drain.ts'

describe('a batch that is interrupted', () => {
	let { doctor, other, patient, slots } = {} as Scene
	const bench = useScene(scene => {
		;({ doctor, other, patient, slots } = scene)
	})

	const slot = (index: number) => slots[index] as string

	const appointmentsOf = (doctorId: string) => bench.db('appointments').where({ doctor_id: doctorId }).orderBy('id')

	const lost = () => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })

	it('is settled later when the database is lost before the write', async () => {
		const request = aBooking(patient, slot(0))
		await bench.queue.add(request)
		const cutOff = aDrain(bench, {
			run: async (statement, values) => {
				if (statement.name === 'settle') throw lost()
				return await bench.run(statement, values)
			},
		})
		cutOff.wake(doctor.id)
		await cutOff.stop()
		expect(cutOff.outcomes.size).to.equal(0)
		expect(await bench.queue.length(doctor.id)).to.equal(1)
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect(next.answer(request)).to.equal('ok')
	})

	it('is found written and published when the database is lost after the write', async () => {
		const won = aBooking(patient, slot(0))
		const lostOut = aBooking(await aPatient(bench), slot(0))
		for (const request of [won, lostOut]) await bench.queue.add(request)
		const heard = await hear(bench, doctor.id)
		const cutOff = aDrain(bench, { run: afterStatement(bench.run, 'settle', () => Promise.reject(lost())) })
		cutOff.wake(doctor.id)
		await cutOff.stop()
		expect(cutOff.outcomes.size).to.equal(0)
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect([won, lostOut].map(next.answer)).to.deep.equal(['ok', 'slot_booked'])
		expect(await appointmentsOf(doctor.id)).to.have.length(1)
		await waitFor(() => heard.length > 0, 'watchers are told')
		expect(heard).to.deep.equal([`${slot(0)} booked`])
	})

	it('is published for the other doctors when the lease of one has passed on', async () => {
		const crowd = await Promise.all(
			[doctor, other, ...(await Promise.all([1, 2, 3, 4].map(() => aDoctor(bench))))].map(async each => ({
				...each,
				slot: (await someSlots(bench, each.id, { from: hoursAhead(90) }))[0] as string,
			})),
		)
		const requests = []
		for (const each of crowd) requests.push(aBooking(await aPatient(bench), each.slot))
		for (const request of requests) await bench.queue.add(request)
		const [fenced, fine] = [crowd[4] as Person, crowd[5] as Person]
		const together: string[][] = []
		const drain = aDrain(bench, {
			run: async (statement, values) => {
				const rows = await bench.run(statement, values)
				if (statement.name === 'settle') {
					const { booked } = JSON.parse(values[0] as string) as { booked: { doctor_id: string }[] }
					const doctorIds = booked.map(each => each.doctor_id)
					together.push(doctorIds)
					if (doctorIds.includes(fenced.id)) await bench.redis.set(lockKey(fenced.id), 'another node', 'PX', 4000)
				}
				return rows as never
			},
		})
		// Four lanes take one doctor each. The other doctors wait for a lane and are drained together.
		for (const each of crowd) drain.wake(each.id)
		await waitFor(() => drain.outcomes.size === 6, 'six outcomes')
		await drain.stop()
		expect(together).to.deep.include([fenced.id, fine.id])
		// Callers get the committed outcomes. The fenced-off request stays in its mailbox until its slot is published.
		expect(requests.map(drain.answer)).to.deep.equal(Array(6).fill('ok'))
		expect(await bench.queue.length(fenced.id)).to.equal(1)
		await bench.redis.del(lockKey(fenced.id))
		const next = aDrain(bench)
		await next.empty(fenced.id)
		expect(next.answer(requests.at(-2) as ChangeRequest)).to.equal('ok')
	})

	it('is settled by another node’s sweep when its own node never began', async () => {
		const request = aBooking(patient, slot(0))
		await bench.queue.add(request)
		const drain = aDrain(bench)
		await drain.sweep(Date.now())
		await drain.stop()
		expect(drain.answer(request), 'a queue is not stray at once').to.equal('untold')

		const sweeper = aDrain(bench)
		await waitFor(async () => {
			await sweeper.sweep(Date.now())
			return sweeper.outcomes.has(request.id)
		}, 'the sweep')
		await sweeper.stop()
		expect(sweeper.answer(request)).to.equal('ok')
		expect(await bench.redis.zscore(keyOf.waiting(tagOf(doctor.id)), doctor.id), 'nothing is left to sweep').to.equal(null)
	})

	it('survives the loss of Redis between its commit and its effects', async () => {
		const flushing = afterStatement(bench.run, 'settle', async () => void (await bench.redis.flushdb()))
		const request = aBooking(patient, slot(0))
		await bench.queue.add(request)
		const drain = aDrain(bench, { run: flushing })
		await drain.empty(doctor.id)
		expect(await appointmentsOf(doctor.id), 'it was committed').to.have.length(1)

		const again: BookingRequest = { ...request, id: '00000000-0000-4000-8000-000000000002' }
		const rival = aBooking(await aPatient(bench), slot(0))
		await bench.queue.add(again)
		await bench.queue.add(rival)
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect([next.answer(again), next.answer(rival)]).to.deep.equal(['ok', 'slot_booked'])
		expect(await appointmentsOf(doctor.id)).to.have.length(1)
	})

	it('does not publish once the lease has passed on; its owner settles the same requests with the same outcomes', async () => {
		const rivals = [patient, await aPatient(bench), await aPatient(bench)]
		const requests = rivals.map(rival => aBooking(rival, slot(0)))
		for (const request of requests) await bench.queue.add(request)
		const heard = await hear(bench, doctor.id)
		const frozen = aDrain(bench, {
			run: afterStatement(bench.run, 'settle', async () => void (await bench.redis.set(lockKey(doctor.id), 'another node', 'PX', 4000))),
		})
		frozen.wake(doctor.id)
		await waitFor(async () => (await appointmentsOf(doctor.id)).length === 1, 'the commit of the frozen node')
		await frozen.stop()
		expect(requests.map(frozen.answer), 'told by the frozen node, as it was committed').to.deep.equal(['ok', 'slot_booked', 'slot_booked'])
		expect(frozen.happenings).to.deep.equal([])
		expect(await bench.queue.length(doctor.id)).to.equal(3)

		await bench.redis.del(lockKey(doctor.id))
		const next = aDrain(bench)
		await next.empty(doctor.id)
		expect(requests.map(next.answer)).to.deep.equal(['ok', 'slot_booked', 'slot_booked'])
		expect(await appointmentsOf(doctor.id)).to.have.length(1)
		expect(heard).to.deep.equal([`${slot(0)} booked`])
	})

	it('does not write when its lease passes on before it claims', async () => {
		for (const index of [0, 1]) await bench.queue.add(aBooking(await aPatient(bench), slot(index)))
		const frozen = aDrain(bench, {
			run: afterStatement(
				bench.run,
				'read_patients',
				async () => void (await bench.redis.set(lockKey(doctor.id), 'another node', 'PX', 4000)),
			),
		})
		frozen.wake(doctor.id)
		await frozen.stop()
		expect(await appointmentsOf(doctor.id)).to.have.length(0)
		expect(await bench.queue.length(doctor.id)).to.equal(2)
		await bench.redis.del(lockKey(doctor.id))
	})

	it('writes once when two nodes settle the same requests at once', async () => {
		const rivals = [patient, await aPatient(bench), await aPatient(bench), await aPatient(bench)]
		const requests = rivals.map((rival, index) => aBooking(rival, slot(index % 2)))
		for (const request of requests) await bench.queue.add(request)
		// A lease that expires at once lets both nodes in.
		const leases: typeof bench.leases = {
			propose(key) {
				void bench.redis.del(key)
				return bench.leases.propose(key)
			},
		}
		const drains = [aDrain(bench, { leases }), aDrain(bench, { leases })]
		await waitFor(async () => {
			for (const drain of drains) drain.wake(doctor.id)
			return (await bench.queue.length(doctor.id)) === 0
		}, 'an empty queue')
		for (const drain of drains) await drain.stop()
		const answers = requests.map(request => drains.map(drain => drain.answer(request)).filter(answer => answer !== 'untold'))
		expect(answers.map(each => new Set(each))).to.deep.equal([
			new Set(['ok']),
			new Set(['ok']),
			new Set(['slot_booked']),
			new Set(['slot_booked']),
		])
		expect(await appointmentsOf(doctor.id)).to.have.length(2)
	})
})
