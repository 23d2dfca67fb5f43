import { expect } from 'chai'
import { createWaiters } from '../../server/booking/waiters.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { aBooking, useBench } from './a-drain.ts'

describe('those who wait for an outcome', () => {
	const bench = useBench()

	const waitersOf = (nodeId: string, timeoutMs = 20_000) =>
		createWaiters({ redis: bench.redis, subscriber: bench.subscriber, nodeId, log: createLog('silent'), timeoutMs })
	const codeOf = (heard: Promise<unknown>) =>
		heard.then(
			() => 'heard',
			error => error.code,
		)

	it('hear it from whichever node settled their request', async () => {
		const [here, there] = [await waitersOf('here'), await waitersOf('there')]
		const request = { ...aBooking({ id: '1' }, '1-1'), node: 'here' }
		const heard = here.wait(request.id)
		there.deliver([{ request, outcome: { refused: 'slot_booked' } }])
		expect(await heard).to.deep.equal({ refused: 'slot_booked' })
		expect(here.count()).to.equal(0)
		here.stop()
		there.stop()
	})

	it('are told to ask again when nothing is heard in time', async () => {
		const waiters = await waitersOf('slow', 20)
		expect(await codeOf(waiters.wait('r'))).to.equal('booking_pending')
		expect(waiters.count()).to.equal(0)
		waiters.stop()
	})

	it('are told to ask again when their node stops', async () => {
		const waiters = await waitersOf('stopping')
		const heard = codeOf(waiters.wait('r'))
		waiters.stop()
		expect(await heard).to.equal('booking_pending')
	})
})
