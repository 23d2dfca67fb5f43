import { EventEmitter } from 'node:events'
import { type Cluster, Command, type Redis } from 'ioredis'

/** Where messages arrive, from any number of servers. */
export type Subscriber = {
	on(event: 'message', listener: (channel: string, text: string) => void): unknown
	on(event: 'error', listener: (error: Error) => void): unknown
	/** A connection was lost together with messages of these channels, or of all channels when none are named. */
	on(event: 'close', listener: (channels?: readonly string[]) => void): unknown
	off(event: 'message', listener: (channel: string, text: string) => void): unknown
	off(event: 'close', listener: (channels?: readonly string[]) => void): unknown
	/** Resolves when messages are certain to arrive. */
	subscribe(channel: string): Promise<unknown>
	unsubscribe(channel: string): Promise<unknown>
	/**
	 * Returns the connection that brings the channel's messages; undefined while it is down. Its answer to a ping arrives behind all
	 * messages that were published before.
	 */
	via(channel: string): { ping(): Promise<unknown> } | undefined
	disconnect(): void
}

export type SingleSubscriber = Subscriber & Redis

/** Wraps a single ioredis connection, which brings all channels. */
export function singleSubscriber(redis: Redis): SingleSubscriber {
	return Object.assign(redis, { via: () => (redis.status === 'ready' ? redis : undefined) })
}

/** Wraps a single ioredis connection, and sees only channels with the prefix, which its users do not know. */
export function prefixedSubscriber(redis: Redis, prefix: string): Subscriber {
	type Listener = (channel: string, text: string) => void
	const wrapped = new Map<unknown, Listener>()
	return {
		on(event: string, listener: (...args: never[]) => void) {
			if (event !== 'message') return redis.on(event as 'close', listener as () => void)
			const withoutPrefix: Listener = (channel, text) => (listener as Listener)(channel.slice(prefix.length), text)
			wrapped.set(listener, withoutPrefix)
			return redis.on('message', withoutPrefix)
		},
		off: (event: string, listener: (...args: never[]) => void) => redis.off(event, wrapped.get(listener) ?? (listener as () => void)),
		subscribe: channel => redis.subscribe(prefix + channel),
		unsubscribe: channel => redis.unsubscribe(prefix + channel),
		via: () => (redis.status === 'ready' ? redis : undefined),
		disconnect: () => redis.disconnect(),
	}
}

/**
 * Keeps subscriptions in a cluster, each at the master that has its channel's slot. Subscriptions follow their slots: within moments
 * this notices a master that was restarted, replaced by a replica or relieved of slots. ioredis's own group of sharded subscribers
 * does not report when a subscription is active again, and cannot ask a single master.
 */
export function createShardedSubscriber({ cluster, connect, prefix = '', lookEveryMs = 250 }: ShardedSubscriberDeps): ShardedSubscriber {
	const events = new EventEmitter()
	// Feeds, outcomes and reminders add one listener each, and tests run several nodes.
	events.setMaxListeners(0)
	const connections = new Map<string, Redis>()
	/** Wanted channels under their full names, each with the connection that is certain to bring its messages. */
	const channels = new Map<string, Redis | undefined>()

	const masterOf = (channel: string): string | undefined => cluster.slots[slotOf(channel)]?.[0]

	let looking = false
	const timer = setInterval(async () => {
		if (looking || cluster.status !== 'ready') return
		looking = true
		await look()
		looking = false
	}, lookEveryMs)
	timer.unref()

	const subscriber = {
		on: (event: string, listener: (...args: never[]) => void) => events.on(event, listener as () => void),
		off: (event: string, listener: (...args: never[]) => void) => events.off(event, listener as () => void),
		async subscribe(name: string) {
			const channel = prefix + name
			if (!channels.has(channel)) channels.set(channel, undefined)
			await settle(channel)
		},
		unsubscribe: (name: string) => unsubscribe(prefix + name),
		ssubscribe: (channel: string) => void subscriber.subscribe(channel).catch(() => {}),
		sunsubscribe(channel: string | string[]) {
			for (const each of [channel].flat()) unsubscribe(prefix + each).catch(() => {})
		},
		via(channel: string) {
			const at = channels.get(prefix + channel)
			return at?.status === 'ready' ? at : undefined
		},
		disconnect() {
			clearInterval(timer)
			for (const connection of connections.values()) connection.disconnect()
			connections.clear()
			channels.clear()
		},
	}

	return subscriber as ShardedSubscriber

	async function look() {
		const astray = [...channels].filter(([channel, at]) => at === undefined || at !== connections.get(masterOf(channel) ?? ''))
		await Promise.allSettled(astray.map(([channel]) => settle(channel)))
		// Drops masters that have no slot any more, or no slot of a channel.
		const used = new Set([...channels.keys()].map(masterOf))
		for (const [master, connection] of connections) {
			if (used.has(master)) continue
			connections.delete(master)
			forget(connection)
			connection.disconnect()
		}
	}

	async function settle(channel: string): Promise<void> {
		const master = masterOf(channel)
		if (!master) throw new Error('Connection is closed.')
		const connection = connections.get(master) ?? open(master)
		if (channels.get(channel) === connection) return
		try {
			await connection.ssubscribe(channel)
		} catch (error) {
			// The slot may have moved, which the next look will show.
			cluster.refreshSlotsCache()
			throw error
		}
		// The channel may have been unsubscribed meanwhile.
		if (channels.has(channel)) channels.set(channel, connection)
		else await connection.sunsubscribe(channel)
	}

	function open(master: string): Redis {
		const connection = connect(hostOf(master))
		connections.set(master, connection)
		connection.on('error', error => events.emit('error', error))
		connection.on('close', () => forget(connection))
		connection.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
			// The adapter compares the names of channels as buffers.
			const name = channel.subarray(prefix.length)
			if (events.listenerCount('message') > 0) events.emit('message', name.toString(), message.toString())
			events.emit('smessageBuffer', name, message)
		})
		return connection
	}

	function forget(connection: Redis) {
		const lost = [...channels].flatMap(([channel, at]) => (at === connection ? [channel] : []))
		for (const channel of lost) channels.set(channel, undefined)
		if (lost.length > 0)
			events.emit(
				'close',
				lost.map(channel => channel.slice(prefix.length)),
			)
	}

	async function unsubscribe(channel: string): Promise<void> {
		const at = channels.get(channel)
		channels.delete(channel)
		await at?.sunsubscribe(channel)
	}
}

type Host = { host: string; port: number }

export type ShardedSubscriberDeps = {
	/** Knows the master of each slot. */
	cluster: Cluster
	/** Opens a connection that reconnects for ever and does not resubscribe by itself. */
	connect: (host: Host) => Redis
	/** Begins every channel. Users of the subscriber do not know it. */
	prefix?: string
	lookEveryMs?: number
}

/**
 * Methods that Socket.IO's sharded adapter calls as well. The adapter ignores their answers, so they never fail; failed subscriptions
 * are retried.
 */
export type ShardedSubscriber = Subscriber & {
	on(event: 'smessageBuffer', listener: (channel: Buffer, message: Buffer) => void): unknown
	ssubscribe(channel: string): void
	sunsubscribe(channel: string | string[]): void
}

const slotOf = (channel: string): number => new Command('ssubscribe', [channel]).getSlot() as number

function hostOf(nodeKey: string): Host {
	const colon = nodeKey.lastIndexOf(':')
	return { host: nodeKey.slice(0, colon), port: Number(nodeKey.slice(colon + 1)) }
}
