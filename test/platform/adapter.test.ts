import { createServer } from 'node:http'
import { expect } from 'chai'
import { createLog } from '../../server/platform/log.ts'
import { createRedis, createSubscriber } from '../../server/platform/redis.ts'
import { createSockets, staffRoom } from '../../server/platform/sockets/server.ts'
import { freshStores } from '../support/servers.ts'

describe('what is said to all nodes', () => {
	it('while Redis is away is lost, and does not end the process', async () => {
		const { redisUrl: url, drop } = await freshStores()
		const publisher = createRedis({ url, name: 'test' })
		const subscriber = createSubscriber({ url, name: 'test' })
		const sockets = createSockets({
			http: createServer(),
			publisher,
			subscriber,
			log: createLog('silent'),
			corsOrigins: [],
			isOwnPage: () => true,
			trustedProxies: 0,
			limits: undefined,
			connectTimeoutMs: 10_000,
			noteAccess: () => {},
			authenticate: async () => null,
			observe: () => {},
		})
		await publisher.exists('connected')
		publisher.disconnect()
		const unheard: unknown[] = []
		const note = (reason: unknown) => void unheard.push(reason)
		const others = process.listeners('unhandledRejection')
		process.removeAllListeners('unhandledRejection')
		process.on('unhandledRejection', note)
		try {
			sockets.io.to(staffRoom).emit('calendar:presence', { doctorId: '1', viewers: 1 })
			sockets.cutOff('1')
			const fails = await publisher.publish('any', 'thing').then(
				() => false,
				() => true,
			)
			await new Promise(resolve => setTimeout(resolve, 20))
			expect([fails, unheard]).to.deep.equal([true, []])
		} finally {
			process.removeAllListeners('unhandledRejection')
			for (const each of others) process.on('unhandledRejection', each)
			await sockets.close()
			subscriber.disconnect()
			await drop()
		}
	})
})
