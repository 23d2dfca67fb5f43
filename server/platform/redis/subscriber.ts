import type { Redis } from 'ioredis'

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
