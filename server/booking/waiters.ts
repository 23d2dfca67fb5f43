import { groupBy } from '../platform/group-by.ts'
import type { Log } from '../platform/log.ts'
import { publish, type Redis } from '../platform/redis.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Subscriber } from '../platform/subscriber.ts'
import type { Outcome } from './outcome.ts'
import type { ChangeRequest } from './request.ts'

export type WaitersDeps = { redis: Redis; subscriber: Subscriber; nodeId: string; log: Log; timeoutMs: number }

type Waiter = { settle: (outcome: Outcome) => void; refuse: (refusal: Refusal) => void; timer: NodeJS.Timeout }

const pending = () => new Refusal('booking_pending', { retryAfterSeconds: 1 })

const channelOf = (nodeId: string) => `outcomes:${nodeId}`

/** Those who asked through this node and wait to hear what became of it. */
export const createWaiters = async ({ redis, subscriber, nodeId, log, timeoutMs }: WaitersDeps) => {
	const waiting = new Map<string, Waiter>()

	const settle = (requestId: string, outcome: Outcome) => {
		const waiter = waiting.get(requestId)
		if (!waiter) return
		clearTimeout(waiter.timer)
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
		for (const waiter of waiting.values()) {
			clearTimeout(waiter.timer)
			waiter.refuse(pending())
		}
		waiting.clear()
	}

	return {
		/** @throws Refusal booking_pending when nothing is heard in time: the caller repeats with the same key */
		wait: (requestId: string): Promise<Outcome> =>
			new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					waiting.delete(requestId)
					reject(pending())
				}, timeoutMs)
				waiting.set(requestId, { settle: resolve, refuse: reject, timer })
			}),
		abandon(requestId: string) {
			clearTimeout(waiting.get(requestId)?.timer)
			waiting.delete(requestId)
		},
		/** Tells those who wait, here or on other nodes. One who is not reached asks again, and finds the outcome in the database. */
		deliver(outcomes: readonly { request: ChangeRequest; outcome: Outcome }[]) {
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
