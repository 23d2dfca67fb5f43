import type { Log } from '../observability/log.ts'
import { createRedis, createSubscriber, type Redis, untilConnected } from './redis.ts'
import type { Subscriber } from './subscriber.ts'

export type RedisConnections = {
	/** For commands. */
	redis: Redis
	/** For our own channels. */
	subscriber: Subscriber
	/** For Socket.IO's, which reads all that comes. */
	adapterSubscriber: Subscriber
	disconnect(): void
}

/** A node's connections to Redis. Resolves once commands are taken, or when that takes too long. */
export async function connectToRedis(url: string, log: Log): Promise<RedisConnections> {
	const redis = createRedis({ url, name: 'liveslot' })
	const subscriber = createSubscriber({ url, name: 'liveslot feeds' }, redis)
	const adapterSubscriber = createSubscriber({ url, name: 'liveslot adapter' }, redis)
	const onError = (error: Error) => log.debug({ reason: error.message }, 'redis')
	redis.on('error', onError)
	for (const each of [subscriber, adapterSubscriber]) each.on('error', onError)
	await untilConnected(redis)
	return {
		redis,
		subscriber,
		adapterSubscriber,
		disconnect() {
			for (const connection of [subscriber, adapterSubscriber, redis]) connection.disconnect()
		},
	}
}
