import { expect } from 'chai'
import { createReplies } from '../../server/platform/mailbox/replies.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { useBench } from '../booking/drain.ts'

describe('replies', () => {
	const bench = useBench()

	const repliesOf = (nodeId: string, timeoutMs = 20_000) =>
		createReplies<string>({ redis: bench.redis, subscriber: bench.subscriber, nodeId, log: createLog('silent'), timeoutMs })
	const codeOf = (heard: Promise<unknown>) =>
		heard.then(
			() => 'heard',
			error => error.code,
		)

	it('reach the caller’s node from the node that settled the message', async () => {
		const [here, there] = [await repliesOf('here'), await repliesOf('there')]
		const heard = here.wait('m')
		there.deliver([{ to: 'here', messageId: 'm', outcome: 'won' }])
		expect(await heard).to.equal('won')
		expect(here.count()).to.equal(0)
		here.stop()
		there.stop()
	})

	it('ask the caller to repeat when no outcome arrives in time', async () => {
		const replies = await repliesOf('slow', 20)
		expect(await codeOf(replies.wait('m'))).to.equal('booking_pending')
		expect(replies.count()).to.equal(0)
		replies.stop()
	})

	it('ask the caller to repeat when the node stops', async () => {
		const replies = await repliesOf('stopping')
		const heard = codeOf(replies.wait('m'))
		replies.stop()
		expect(await heard).to.equal('booking_pending')
	})
})
