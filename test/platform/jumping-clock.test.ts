import { expect } from 'chai'
import { createDatabase } from '../../server/platform/database/database.ts'
import { createReadiness } from '../../server/platform/observability/readiness.ts'
import { createRedis } from '../../server/platform/redis/redis.ts'
import { useNode } from '../support/node.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'

const hourMs = 3_600_000

describe('a node whose clock jumped ahead and back', () => {
	const node = useNode({ RATE_LIMIT: 'on' })
	const { now } = Date
	const aheadBy = (ms: number) => {
		Date.now = () => now() + ms
	}
	afterEach(() => {
		Date.now = now
		closeSockets()
	})

	it('does not report itself as down for an hour', async () => {
		const db = createDatabase({ url: node.databaseUrl, poolSize: 1 })
		const redis = createRedis({ url: node.redisUrl, name: 'test' })
		const readiness = createReadiness({ db, redis })
		await redis.exists('connected')
		redis.disconnect()
		aheadBy(hourMs)
		expect(await readiness.whatIsDown()).to.deep.equal(['redis'])
		aheadBy(0)
		await redis.connect()
		await waitFor(async () => (await readiness.whatIsDown()).length === 0, 'the node to be ready')
		redis.disconnect()
		await db.destroy()
	})

	it('does not count its sockets’ events against them', async () => {
		const socket = await aSocket(node, (await aPatient(node)).token)
		const ask = () => socket.emitWithAck('calendar:unwatch', { doctorId: '1' })
		// Short enough that Socket.IO's client, which uses this clock too, does not consider its server lost.
		aheadBy(10_000)
		expect((await ask()).ok).to.equal(true)
		aheadBy(0)
		expect((await ask()).ok).to.equal(true)
	})
})
