import { expect } from 'chai'
import type { BookingRequest, QueueRequest } from '../../server/booking/requests.ts'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { parseSlotId } from '../../server/slots/slot-id.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aBooking, aCancellation, actorOf, aDrain, afterStatement, hear, lockKey, type Scene, useScene } from './drain.ts'

describe('a queue', () => {
	let { doctor, other, patient, slots, otherSlots } = {} as Scene
	const bench = useScene(scene => {
		;({ doctor, other, patient, slots, otherSlots } = scene)
	})

	const slot = (index: number) => slots[index] as string
	const minuteOf = (slotId: string) => parseSlotId(slotId)?.startMinute as number

	const drained = async (...requests: QueueRequest[]) => {
		for (const request of requests) await bench.queue.add(request)
		const drain = aDrain(bench)
		await drain.empty(doctor.id)
		return drain
	}

	it('refuses an impossible request and continues with those behind it', async () => {
		const poison = aBooking(patient, slot(0), { by: '987654321' })
		const behind = aBooking(await aPatient(bench), slot(0))
		const before = aBooking(await aPatient(bench), slot(1))
		const drain = await drained(before, poison, behind)
		expect([before, poison, behind].map(drain.answer)).to.deep.equal(['ok', 'internal', 'ok'])
	})

	it('refuses a request for a free slot that overlaps an appointment of the doctor', async () => {
		// An old schedule may leave a slot that begins in the middle of another.
		const [across] = await someSlots(bench, doctor.id, { from: new Date((minuteOf(slot(0)) + 15) * 60_000) })
		const first = aBooking(patient, slot(0))
		const second = aBooking(await aPatient(bench), across as string)
		const third = aBooking(await aPatient(bench), slot(2))
		const drain = await drained(first, second, third)
		expect([first, second, third].map(drain.answer)).to.deep.equal(['ok', 'slot_booked', 'ok'])
		const repeated = { ...second, id: '00000000-0000-4000-8000-000000000003' }
		await bench
			.db('appointments')
			.where({ id: drain.appointment(first).id })
			.update({ status: 'cancelled' })
		await bench
			.db('appointment_slots')
			.where({ appointment_id: drain.appointment(first).id })
			.update({ appointment_id: null })
		expect((await drained(repeated)).answer(repeated), 'the first outcome stands').to.equal('slot_booked')
	})

	it('refuses such a request also in a batch with other doctors, and leaves no claim', async () => {
		const crowd = [doctor, other, await aDoctor(bench), await aDoctor(bench)]
		const requests = []
		for (const [index, each] of crowd.entries()) {
			const [first, second] = await someSlots(bench, each.id, { count: 2, from: hoursAhead(90) })
			requests.push(aBooking(await aPatient(bench), first as string, index === 2 ? { by: '987654321' } : {}))
			requests.push(aBooking(await aPatient(bench), second as string))
		}
		for (const request of requests) await bench.queue.add(request)
		const drain = aDrain(bench)
		for (const each of crowd) drain.wake(each.id)
		await waitFor(() => drain.outcomes.size === requests.length, 'all outcomes')
		await drain.stop()
		expect(requests.map(drain.answer)).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'internal', 'ok', 'ok', 'ok'])
		const { doctorId, startMinute } = requests[4] as BookingRequest
		expect((await bench.holds.place(actorOf(patient), { slotId: `${doctorId}-${startMinute}` })).doctorId).to.equal(doctorId)
	})

	it('is settled in order of arrival when it is longer than a batch', async () => {
		const rivals: Person[] = []
		for (let index = 0; index < 10; index++) rivals.push(await aPatient(bench))
		const requests = Array.from({ length: 700 }, (_, index) =>
			aBooking(rivals[index % 10] as Person, slot(index < 690 ? index % 2 : 2 + (index % 2))),
		)
		const drain = await drained(...requests)
		const winners = requests.flatMap((request, index) => (drain.answer(request) === 'ok' ? [index] : []))
		expect(winners).to.deep.equal([0, 1, 690, 691])
	})

	it('is settled in order of arrival when batches wait for one another', async () => {
		const [a, b, c] = [patient, await aPatient(bench), await aPatient(bench)]
		const first = aBooking(a, slot(0))
		const appointment = (await drained(first)).appointment(first)
		const requests = [aBooking(b, slot(0)), aCancellation(a, appointment), aBooking(c, slot(0)), aBooking(b, slot(0)), aBooking(a, slot(1))]
		const drain = await drained(...requests)
		expect(requests.map(drain.answer)).to.deep.equal(['slot_booked', 'ok', 'ok', 'slot_booked', 'ok'])
	})

	it('publishes the right state when an announcement and a booking of a slot share a batch', async () => {
		const heard = await hear(bench, doctor.id)
		const request = aBooking(patient, slot(0))
		await drained({ kind: 'announce', doctorId: doctor.id, minutes: [minuteOf(slot(0))] }, request, {
			kind: 'announce',
			doctorId: doctor.id,
			minutes: [minuteOf(slot(0))],
		})
		await waitFor(() => heard.length > 0, 'watchers are told')
		expect(heard.at(-1)).to.equal(`${slot(0)} booked`)
	})

	it('publishes the right state when a slot is held while its cancellation is being settled', async () => {
		const request = aBooking(patient, slot(0))
		const appointment = (await drained(request)).appointment(request)
		const heard = await hear(bench, doctor.id)
		await bench.queue.add(aCancellation(patient, appointment))
		const holder = await aPatient(bench)
		const drain = aDrain(bench, {
			run: afterStatement(bench.run, 'settle', async () => void (await bench.holds.place(actorOf(holder), { slotId: slot(0) }))),
		})
		await drain.empty(doctor.id)
		await waitFor(() => heard.length >= 2, 'watchers are told')
		expect((await bench.holds.read(doctor.id)).holders.get(minuteOf(slot(0)))?.userId).to.equal(holder.id)
		expect(heard.at(-1)).to.equal(`${slot(0)} held`)
	})

	it('publishes the right state when a hold ends while its slot is being announced', async () => {
		await bench.holds.place(actorOf(patient), { slotId: slot(0) })
		const heard = await hear(bench, doctor.id)
		await bench.queue.add({ kind: 'announce', doctorId: doctor.id, minutes: [minuteOf(slot(0))] })
		let released = false
		const drain = aDrain(bench, {
			run: afterStatement(bench.run, 'slots_in_spans', async () => {
				if (!released) await bench.holds.release(actorOf(patient), slot(0))
				released = true
			}),
		})
		await drain.empty(doctor.id)
		await waitFor(() => heard.length >= 2, 'watchers are told')
		expect(heard.at(-1)).to.equal(`${slot(0)} free`)
	})

	it('ends a hold that was placed before its blocked slot was announced, which is never published as free', async () => {
		await bench.db('appointment_slots').where({ doctor_id: doctor.id }).update({ is_blocked: true })
		await bench.queue.add({ kind: 'announce', doctorId: doctor.id, minutes: [minuteOf(slot(0))] })
		let slipped = false
		const drain = aDrain(bench, {
			run: afterStatement(bench.run, 'slots_in_spans', async () => {
				if (slipped) return
				slipped = true
				// The holder's request read the database before the block, and reaches Redis only now.
				await bench.db('appointment_slots').where({ doctor_id: doctor.id }).update({ is_blocked: false })
				await bench.holds.place(actorOf(patient), { slotId: slot(0) })
				await bench.db('appointment_slots').where({ doctor_id: doctor.id }).update({ is_blocked: true })
			}),
		})
		await drain.empty(doctor.id)
		expect((await bench.holds.read(doctor.id)).holders.size).to.equal(0)
	})

	it('publishes the end of an expired hold whose slot a failed booking had claimed', async () => {
		await bench.holds.place(actorOf(await aPatient(bench)), { slotId: slot(0) })
		const { tag, field } = { tag: (await bench.redis.keys(`*:holds:${doctor.id}`))[0] as string, field: String(minuteOf(slot(0))) }
		const record = JSON.parse((await bench.redis.hget(tag, field)) as string)
		await bench.redis.hset(tag, field, JSON.stringify({ ...record, x: Date.now() - 50 }))
		const heard = await hear(bench, doctor.id)
		const poison = aBooking(patient, slot(0), { by: '987654321' })
		expect((await drained(poison)).answer(poison)).to.equal('internal')
		await waitFor(async () => {
			await bench.holds.sweep()
			return heard.includes(`${slot(0)} free`)
		}, 'watchers are told that the slot is free')
	})

	it('does not leave a claim on slots of requests that the database refused', async () => {
		const poison = aBooking(patient, slot(0), { by: '987654321' })
		await drained(poison)
		expect((await bench.holds.place(actorOf(await aPatient(bench)), { slotId: slot(0) })).slotIds).to.deep.equal([slot(0)])
	})

	it('refuses a winner whose slot is held by the time of the claim', async () => {
		const holder = await aPatient(bench)
		const request = aBooking(patient, slot(0))
		const behind = aBooking(await aPatient(bench), slot(1))
		await bench.queue.add(request)
		await bench.queue.add(behind)
		const drain = aDrain(bench, {
			run: afterStatement(bench.run, 'read_patients', async () => void (await bench.holds.place(actorOf(holder), { slotId: slot(0) }))),
		})
		await drain.empty(doctor.id)
		expect([drain.answer(request), drain.answer(behind)]).to.deep.equal(['slot_held', 'ok'])
		expect((await bench.holds.read(doctor.id)).holders.get(minuteOf(slot(0)))?.userId).to.equal(holder.id)
	})

	it('keeps new holds off a slot from the moment it is won', async () => {
		const rival = actorOf(await aPatient(bench))
		const request = aBooking(patient, slot(0))
		await bench.queue.add(request)
		let refusal = ''
		const drain = aDrain(bench, {
			run: async (statement, values) => {
				if (statement.name === 'settle') await bench.holds.place(rival, { slotId: slot(0) }).catch(error => (refusal = error.code))
				return await bench.run(statement, values)
			},
		})
		await drain.empty(doctor.id)
		expect(drain.answer(request)).to.equal('ok')
		expect(refusal).to.equal('slot_held')
	})

	it('settles a patient’s race at two doctors with one winner, in one batch and in two', async () => {
		const here = aBooking(patient, slot(0))
		const there = aBooking(patient, otherSlots[0] as string)
		await bench.queue.add(here)
		await bench.queue.add(there)
		const drains = [aDrain(bench), aDrain(bench)]
		drains[0]?.wake(doctor.id)
		drains[1]?.wake(other.id)
		await waitFor(async () => (await bench.queue.length(doctor.id)) + (await bench.queue.length(other.id)) === 0, 'empty queues')
		for (const drain of drains) await drain.stop()
		const answers = [drains[0]?.answer(here), drains[1]?.answer(there)].sort()
		expect(answers).to.deep.equal(['ok', 'patient_overlap'])
	})

	it('refuses requests when it is full, and accepts them again after it was drained', async () => {
		const filler = JSON.stringify({ kind: 'announce', doctorId: doctor.id, minutes: [] })
		const filling = bench.redis.pipeline()
		for (let i = 0; i < 20_000; i++) filling.xadd(keyOf.stream(doctor.id), '*', 'r', filler)
		await filling.exec()
		await bench.redis.set(lockKey(doctor.id), 'a slow node', 'PX', 4000)
		const drain = aDrain(bench)
		const refusal = await drain.post(doctor.id, aBooking(patient, slot(0))).then(
			() => 'added',
			error => error.code,
		)
		expect(refusal).to.equal('queue_full')
		await drain.post(doctor.id, { kind: 'announce', doctorId: doctor.id, minutes: [minuteOf(slot(0))] })
		await bench.redis.del(lockKey(doctor.id))
		await drain.empty(doctor.id)
		const request = aBooking(patient, slot(0))
		expect((await drained(request)).answer(request)).to.equal('ok')
	})
})
