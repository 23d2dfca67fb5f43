import { Cluster } from 'ioredis'
import type { Log } from '../observability/log.ts'
import { createRedis, createSubscriber, type Redis, untilConnected } from './redis.ts'
import type { Subscriber } from './subscriber.ts'

/** Opens a node's connections to Redis. Resolves once Redis takes commands, or after a timeout. */
export async function connectToRedis(url: string, prefix: string, log: Log): Promise<RedisConnections> {
	const redis = createRedis({ url, name: 'liveslot', prefix })
	const subscriber = createSubscriber({ url, name: 'liveslot feeds', prefix }, redis)
	// Outside a cluster the adapter names its channels itself, with the prefix, and needs the bare connection.
	const adapterPrefix = redis instanceof Cluster ? prefix : ''
	const adapterSubscriber = createSubscriber({ url, name: 'liveslot adapter', prefix: adapterPrefix }, redis)
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

export type RedisConnections = {
	/** For commands. */
	redis: Redis
	/** For channels of ours. */
	subscriber: Subscriber
	/** For Socket.IO's channels. Its adapter reads all messages of the connection. */
	adapterSubscriber: Subscriber
	disconnect(): void
}
