import { expect } from 'chai'
import { bookLive } from '../booking/desk.ts'
import { overlaps, someSlots, soon } from '../support/calendar.ts'
import { isLong } from '../support/forms.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { startRedisSentinel, type TestRedisSentinel } from '../support/redis-sentinel.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok } from '../support/watcher.ts'

// Elections take too long for every run.
if (isLong)
	describe('two nodes on a Redis that Sentinel watches', function () {
		this.timeout(90_000)
		let redis: TestRedisSentinel
		before(async () => {
			redis = await startRedisSentinel()
		})
		const [one, two] = useNodes(2, {}, { redisUrl: () => redis.url })
		after(async () => {
			closeSockets()
			await redis.stop()
		})

		it('continue with the replica when the master is killed and a sentinel hangs, and lose no appointment', async () => {
			const { id: doctorId } = await aDoctor(one!)
			const slots = await someSlots(one!, doctorId, { count: 12 })
			const socket = await aSocket(one!, (await aPatient(one!)).token)
			const watcher = await aWatcher(await aSocket(two!), doctorId, soon())
			const [first, ...others] = slots as [string, ...string[]]
			ok(await bookLive(socket, first))
			await waitFor(() => watcher.stateOf(first) === 'booked', 'the booking to be seen')

			redis.freezeASentinel()
			redis.killMaster()
			let booked: string | undefined
			const attempt = async () => {
				const slotId = others.shift() as string
				others.push(slotId)
				const answer = await bookLive(socket, slotId)
				if (answer.ok) booked = slotId
				else expect(answer.error.code).to.be.oneOf(['booking_pending', 'slot_booked', 'patient_overlap'])
				return answer.ok
			}
			await waitFor(attempt, 'a booking after the failover', 60_000)
			await waitFor(() => watcher.stateOf(booked as string) === 'booked' && watcher.stateOf(first) === 'booked', 'both to be seen', 20_000)
			expect(await overlaps(one!.db)).to.equal(0)
			expect(await one!.db('appointments').where({ doctor_id: doctorId }).select('id')).to.have.length.at.least(2)
		})
	})
