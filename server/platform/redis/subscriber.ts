import type { Redis } from 'ioredis'

/** Where messages arrive, however many servers they come from. */
export type Subscriber = {
	on(event: 'message', listener: (channel: string, text: string) => void): unknown
	on(event: 'error', listener: (error: Error) => void): unknown
	/** A connection was lost, and with it messages of these channels; of all channels when none are named. */
	on(event: 'close', listener: (channels?: readonly string[]) => void): unknown
	off(event: 'message', listener: (channel: string, text: string) => void): unknown
	off(event: 'close', listener: (channels?: readonly string[]) => void): unknown
	/** Resolves when messages are sure to arrive. */
	subscribe(channel: string): Promise<unknown>
	unsubscribe(channel: string): Promise<unknown>
	/**
	 * The connection that brings the channel's messages; undefined while it is down. What it answers to a ping comes behind
	 * all that was published before.
	 */
	via(channel: string): { ping(): Promise<unknown> } | undefined
	disconnect(): void
}

export type SingleSubscriber = Subscriber & Redis

/** ioredis's own connection, which brings all channels. */
export function singleSubscriber(redis: Redis): SingleSubscriber {
	return Object.assign(redis, { via: () => (redis.status === 'ready' ? redis : undefined) })
}
