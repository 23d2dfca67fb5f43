import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSockets, type SocketDeps } from '../../server/platform/live/server.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis, createSubscriber } from '../../server/platform/redis/redis.ts'
import { freshStores } from '../support/servers.ts'
import { openToAll } from './open-to-all.ts'

type Stores = Pick<SocketDeps, 'publisher'>

/** The socket side alone, without a domain behind it. Events are answered once `serve` has handlers. */
export const bareSockets = async (choose: (stores: Stores) => Partial<SocketDeps> = () => ({})) => {
	const { redisUrl: url, drop } = await freshStores()
	const publisher = createRedis({ url, name: 'test' })
	const subscriber = createSubscriber({ url, name: 'test' })
	publisher.on('error', () => {})
	const http = createServer()
	const sockets = createSockets({
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
		readAgain: async callers => [...callers],
		policy: openToAll,
		rooms: { account: userId => `account:${userId}`, session: id => `session:${id}`, others: () => [] },
		observe: () => {},
		...choose({ publisher }),
	})
	sockets.attach(http)
	await publisher.exists('connected')
	await new Promise<void>(resolve => http.listen(0, resolve))
	return {
		url: `http://localhost:${(http.address() as AddressInfo).port}`,
		publisher,
		sockets,
		stop: async () => {
			await sockets.close()
			publisher.disconnect()
			subscriber.disconnect()
			await drop()
		},
	}
}

export type BareSockets = Awaited<ReturnType<typeof bareSockets>>
