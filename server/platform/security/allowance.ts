import { LRUCache } from 'lru-cache'
import type { Limiter } from './rate-limit.ts'

/** Uses one point up. @throws Refusal rate_limited */
export type Allowance = (key: string) => Promise<void>

/** By size, not by number: room for a number would be taken at once. */
const maxKeys = 50_000

/**
 * Draws the points of a limit in lots, so that Redis is asked once for many calls. What a node has drawn and does not use is lost:
 * a key on several nodes gets a little less, never more. Calls that wait for a lot go on in the order in which they came.
 */
export const inLots = (limiter: Limiter, size: number, keptMs: number): Allowance => {
	const lots = new LRUCache<string, { left: number }>({ maxSize: maxKeys, sizeCalculation: () => 1, ttl: keptMs })
	const drawing = new Map<string, Promise<void>>()

	const draw = (key: string): Promise<void> => {
		const running = drawing.get(key)
		if (running) return running
		const begun = limiter
			.consume(key, size)
			.then(() => void lots.set(key, { left: size }))
			.finally(() => drawing.delete(key))
		drawing.set(key, begun)
		return begun
	}

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
