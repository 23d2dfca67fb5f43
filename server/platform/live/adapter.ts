import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter'
import { Cluster, type Redis as SingleRedis } from 'ioredis'
import type { Log } from '../observability/log.ts'
import { prefixOf, type Redis } from '../redis/redis.ts'
import type { SingleSubscriber, Subscriber } from '../redis/subscriber.ts'

/**
 * Carries messages between nodes. A message to all nodes uses one channel, which in a cluster lives at one master, so that the other
 * masters do not forward it. Rooms get no channels of their own, because the busy rooms do not cross nodes and other messages go to
 * several rooms at once.
 */
export function adapterFor(publisher: Redis, subscriber: Subscriber, log: Log) {
	if (publisher instanceof Cluster)
		return createShardedAdapter(publisher, subscriber, { channelPrefix: 'liveslot', subscriptionMode: 'static' })
	return createAdapter(withoutRejections(publisher, log), withoutRejections(subscriber as SingleSubscriber, log), {
		key: `${prefixOf(publisher)}liveslot`,
		requestsTimeout: 3000,
	})
}

const adapterCommands: ReadonlySet<PropertyKey> = new Set(['publish', 'subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe'])

/**
 * The adapter does not wait for its commands. When Redis refuses a message, that message is lost, like those that a subscriber
 * misses. Subscriptions end with their connection. None of these failures may end the process as an unhandled rejection.
 */
function withoutRejections(connection: SingleRedis, log: Log): SingleRedis {
	return new Proxy(connection, {
		get(target, name) {
			const value = Reflect.get(target, name)
			if (typeof value !== 'function') return value
			if (!adapterCommands.has(name)) return value.bind(target)
			return (...args: unknown[]) =>
				value.apply(target, args).catch((error: Error) => log.debug({ reason: error.message }, `socket adapter: ${String(name)}`))
		},
	})
}
