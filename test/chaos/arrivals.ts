import { Redis } from 'ioredis'
import type { QueueRequest } from '../../server/booking/requests.ts'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'

export type Arrivals = Awaited<ReturnType<typeof watchArrivals>>

/**
 * Reads from Redis in which order requests reach the doctors' mailboxes. Misses requests that arrive while the connection is broken;
 * `isWhole` is false then.
 */
export async function watchArrivals(redisUrl: string, doctorIds: readonly string[]) {
	const arrived = new Map<string, QueueRequest[]>(doctorIds.map(id => [id, []]))
	const last = new Map(doctorIds.map(id => [keyOf.stream(id), '0']))
	let stopped = false
	let whole = true
	const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 100 })
	redis.on('error', () => {})
	redis.on('close', () => {
		if (!stopped) whole = false
	})

	const reading = read()

	return {
		arrived,
		isWhole: () => whole,
		async stop() {
			// The last requests may still be on their way.
			await new Promise(resolve => setTimeout(resolve, 200))
			stopped = true
			for (const [doctorId, requests] of arrived) {
				const added = await redis.xinfo('STREAM', keyOf.stream(doctorId)).catch(() => [])
				const fields = added as unknown[]
				// Requests were settled and deleted between two reads.
				if (Number(fields[fields.indexOf('entries-added') + 1] ?? 0) !== requests.length) whole = false
			}
			redis.disconnect()
			await reading
		},
	}

	async function read() {
		while (!stopped) {
			try {
				const streams = await redis.xread('COUNT', 1000, 'BLOCK', 500, 'STREAMS', ...last.keys(), ...last.values())
				for (const [key, entries] of streams ?? []) {
					for (const [id, fields] of entries) {
						last.set(key, id)
						const request = JSON.parse(fields[1] as string) as QueueRequest
						arrived.get(request.doctorId)?.push(request)
					}
				}
			} catch {
				whole = false
				await new Promise(resolve => setTimeout(resolve, 100))
			}
		}
	}
}
