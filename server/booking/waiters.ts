import { groupBy } from '../platform/group-by.ts'
import type { Log } from '../platform/observability/log.ts'
import { publish, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Outcome, SettledOutcome } from './outcome.ts'

export type WaitersDeps = { redis: Redis; subscriber: Subscriber; nodeId: string; log: Log; timeoutMs: number }

type Waiter = { settle: (outcome: Outcome) => void; fail: (error: unknown) => void; untilMs: number }

const pending = () => new Refusal('booking_pending', { retryAfterSeconds: 1 })

const channelOf = (nodeId: string) => `outcomes:${nodeId}`

/** Those who asked through this node and wait to hear what became of it. */
export const createWaiters = async ({ redis, subscriber, nodeId, log, timeoutMs }: WaitersDeps) => {
	/** All wait for as long, so that those who came first are first to give up. */
	const waiting = new Map<string, Waiter>()
	let timer: NodeJS.Timeout | undefined

	/** One timer for all of them: a crowd would have thousands. */
	const giveUp = () => {
		timer = undefined
		const nowMs = performance.now()
		for (const [requestId, { untilMs, fail }] of waiting) {
			if (untilMs > nowMs) {
				timer = setTimeout(giveUp, untilMs - nowMs)
				return
			}
			waiting.delete(requestId)
			fail(pending())
		}
	}

	const settle = (requestId: string, outcome: Outcome) => {
		const waiter = waiting.get(requestId)
		if (!waiter) return
		waiting.delete(requestId)
		waiter.settle(outcome)
	}

	const onMessage = (channel: string, text: string) => {
		if (channel !== channelOf(nodeId)) return
		for (const [requestId, outcome] of JSON.parse(text) as [string, Outcome][]) settle(requestId, outcome)
	}
	subscriber.on('message', onMessage)
	await subscriber.subscribe(channelOf(nodeId))

	/** Their requests are in the queue, for another node to settle. Nobody is left hanging, or the server could not close. */
	const refuse = () => {
		clearTimeout(timer)
		timer = undefined
		for (const waiter of waiting.values()) waiter.fail(pending())
		waiting.clear()
	}

	return {
		/** @throws Refusal booking_pending when nothing is heard in time: the caller repeats with the same key */
		wait: (requestId: string): Promise<Outcome> =>
			new Promise((resolve, reject) => {
				waiting.set(requestId, { settle: resolve, fail: reject, untilMs: performance.now() + timeoutMs })
				timer ??= setTimeout(giveUp, timeoutMs)
			}),
		isWaiting: (requestId: string): boolean => waiting.has(requestId),
		/** The request could not be brought on its way. */
		fail(requestId: string, error: unknown) {
			const waiter = waiting.get(requestId)
			waiting.delete(requestId)
			waiter?.fail(error)
		},
		/** Tells those who wait, here or on other nodes. One who is not reached asks again, and finds the outcome in the database. */
		deliver(outcomes: readonly SettledOutcome[]) {
			for (const [node, theirs] of groupBy(outcomes, ({ request }) => request.node)) {
				if (node === nodeId) {
					for (const { request, outcome } of theirs) settle(request.id, outcome)
					continue
				}
				const list = theirs.map(({ request, outcome }) => [request.id, outcome])
				publish(redis, channelOf(node), JSON.stringify(list)).catch(error => log.debug({ reason: error.message }, 'outcome not sent'))
			}
		},
		count: () => waiting.size,
		refuse,
		stop() {
			subscriber.off('message', onMessage)
			refuse()
		},
	}
}

export type Waiters = Awaited<ReturnType<typeof createWaiters>>
