import { LRUCache } from 'lru-cache'
import type { Limiter } from './rate-limit.ts'

/** Uses one point of the key's limit. @throws Refusal rate_limited */
export type Allowance = (key: string) => Promise<void>

/**
 * Draws points of a limit in lots, so that Redis is asked once for many calls. A node's unused points are lost, so a key that uses
 * several nodes gets a little less, never more. Calls that wait for a lot continue in their order of arrival.
 */
export function inLots(limiter: Limiter, size: number, keptMs: number): Allowance {
	const { lots, draw } = createLots(limiter, size, keptMs)
	return async key => {
		for (;;) {
			const lot = lots.get(key)
			if (lot && lot.left > 0) {
				lot.left--
				return
			}
			await draw(key)
		}
	}
}

/** For costs that are known only afterwards. */
export type Account = {
	/** @throws Refusal rate_limited while the charges exceed the limit */
	check(key: string): Promise<void>
	charge(key: string, points: number): void
}

/** Also draws in lots. Charges beyond a lot are a debt: lots are drawn until it is paid or the limit refuses. */
export function onAccount(limiter: Limiter, size: number, keptMs: number): Account {
	const { lots, draw } = createLots(limiter, size, keptMs)
	return {
		async check(key) {
			while ((lots.get(key)?.left ?? 0) <= 0) await draw(key)
		},
		charge(key, points) {
			const lot = lots.get(key)
			if (lot) lot.left -= points
			else lots.set(key, { left: -points })
		},
	}
}

/** Limits the cache by size, because a limit by number would allocate all its memory at once. */
const maxKeys = 50_000

function createLots(limiter: Limiter, size: number, keptMs: number) {
	const lots = new LRUCache<string, { left: number }>({ maxSize: maxKeys, sizeCalculation: () => 1, ttl: keptMs })
	const drawing = new Map<string, Promise<void>>()

	return { lots, draw }

	function draw(key: string): Promise<void> {
		const running = drawing.get(key)
		if (running) return running
		const begun = limiter
			.consume(key, size)
			.then(() => void lots.set(key, { left: (lots.get(key)?.left ?? 0) + size }))
			.finally(() => drawing.delete(key))
		drawing.set(key, begun)
		return begun
	}
}
