import { groupBy } from '../group-by.ts'
import type { Log } from '../observability/log.ts'
import { publish, type Redis } from '../redis/redis.ts'
import type { Subscriber } from '../redis/subscriber.ts'
import { Refusal } from '../refusal.ts'

/**
 * Keeps the callers of this node who posted a message and wait for its outcome, on whichever node it is settled. A caller who gets no
 * outcome repeats the request with the same key.
 */
export async function createReplies<Outcome>({ redis, subscriber, nodeId, log, timeoutMs }: RepliesDeps): Promise<Replies<Outcome>> {
	/** All callers wait equally long, so the oldest are first in the map and time out first. */
	const waiting = new Map<string, Waiter<Outcome>>()
	let timer: NodeJS.Timeout | undefined
	subscriber.on('message', onMessage)
	await subscriber.subscribe(channelOf(nodeId))

	return {
		wait: messageId =>
			new Promise((resolve, reject) => {
				waiting.set(messageId, { resolve, reject, untilMs: performance.now() + timeoutMs })
				// One timer for all callers, because a stampede would need thousands.
				timer ??= setTimeout(giveUp, timeoutMs)
			}),
		isWaiting: messageId => waiting.has(messageId),
		fail,
		deliver,
		count: () => waiting.size,
		giveUpAll,
		stop,
	}

	function deliver(replies: readonly Reply<Outcome>[]): void {
		for (const [node, theirs] of groupBy(replies, ({ to }) => to)) {
			if (node === nodeId) {
				for (const { messageId, outcome } of theirs) settle(messageId, outcome)
				continue
			}
			const list = theirs.map(({ messageId, outcome }) => [messageId, outcome])
			publish(redis, channelOf(node), JSON.stringify(list)).catch(error => log.debug({ reason: error.message }, 'outcome not sent'))
		}
	}

	function onMessage(channel: string, text: string): void {
		if (channel !== channelOf(nodeId)) return
		for (const [messageId, outcome] of JSON.parse(text) as [string, Outcome][]) settle(messageId, outcome)
	}

	function settle(messageId: string, outcome: Outcome): void {
		const waiter = waiting.get(messageId)
		waiting.delete(messageId)
		waiter?.resolve(outcome)
	}

	function fail(messageId: string, error: unknown): void {
		const waiter = waiting.get(messageId)
		waiting.delete(messageId)
		waiter?.reject(error)
	}

	function giveUp(): void {
		timer = undefined
		const nowMs = performance.now()
		for (const [messageId, { untilMs }] of waiting) {
			if (untilMs > nowMs) {
				timer = setTimeout(giveUp, untilMs - nowMs)
				return
			}
			fail(messageId, pending())
		}
	}

	function giveUpAll(): void {
		clearTimeout(timer)
		timer = undefined
		for (const messageId of waiting.keys()) fail(messageId, pending())
	}

	function stop(): void {
		subscriber.off('message', onMessage)
		giveUpAll()
	}
}

export type RepliesDeps = { redis: Redis; subscriber: Subscriber; nodeId: string; log: Log; timeoutMs: number }

export type Replies<Outcome> = {
	/** @throws Refusal booking_pending when no outcome arrives in time */
	wait(messageId: string): Promise<Outcome>
	isWaiting(messageId: string): boolean
	/** Rejects the caller's wait, because the message could not be posted. */
	fail(messageId: string, error: unknown): void
	/** Delivers outcomes to callers, here or on other nodes. */
	deliver(replies: readonly Reply<Outcome>[]): void
	/** Counts the waiting callers. */
	count(): number
	/** Tells every caller to repeat the request. The messages are in their mailboxes, where another node settles them. */
	giveUpAll(): void
	stop(): void
}

/** `to` is the node of the caller. */
export type Reply<Outcome> = { to: string; messageId: string; outcome: Outcome }

type Waiter<Outcome> = { resolve: (outcome: Outcome) => void; reject: (error: unknown) => void; untilMs: number }

function channelOf(nodeId: string): string {
	return `outcomes:${nodeId}`
}

function pending(): Refusal {
	return new Refusal('booking_pending', { retryAfterSeconds: 1 })
}
