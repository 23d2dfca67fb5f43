import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Redis } from '../redis/redis.ts'
import { Refusal } from '../refusal.ts'

/** Creates limits that all nodes share, in Redis. While Redis is away each node counts for itself, so that limits still hold. */
export function createLimiters({ redis, enabled }: { redis: Redis; enabled: boolean }): CreateLimiter {
	if (!enabled) return () => unlimited
	return ({ name, points, perSeconds, refusesAlone }) => {
		const insurance = new RateLimiterMemory({ keyPrefix: name, points, duration: perSeconds })
		const limiter = new RateLimiterRedis({
			storeClient: redis,
			keyPrefix: `limit:${name}`,
			points,
			duration: perSeconds,
			insuranceLimiter: insurance,
			rejectIfRedisNotReady: true,
			...(refusesAlone && { inMemoryBlockOnConsumed: points }),
		})
		return {
			async consume(key, count = 1) {
				try {
					await limiter.consume(digestOf(key), count)
				} catch (error) {
					if (error instanceof RateLimiterRes) throw refuse(error)
					throw error
				}
			},
			async check(key) {
				const result = await limiter.get(digestOf(key))
				if (result && result.consumedPoints >= points) throw refuse(result)
			},
			async reset(key) {
				await limiter.delete(digestOf(key))
			},
		}
	}
}

export type LimitRule = {
	name: string
	points: number
	perSeconds: number
	/** Refuses from memory until the time is over. Only for limits that floods alone reach and that are never reset. */
	refusesAlone?: boolean
}

export type Limiter = {
	/** Counts `points` against the key. @throws Refusal rate_limited */
	consume(key: string, points?: number): Promise<void>
	/** Checks without counting. @throws Refusal rate_limited when the key has no points left */
	check(key: string): Promise<void>
	reset(key: string): Promise<void>
}

export type CreateLimiter = (rule: LimitRule) => Limiter

const unlimited: Limiter = { consume: async () => {}, check: async () => {}, reset: async () => {} }

/** Hashes a key, which may be a person's address. Redis only needs to recognize it. */
const digestOf = (key: string) => createHash('sha256').update(key).digest('base64url')

function refuse(result: RateLimiterRes) {
	return new Refusal('rate_limited', { retryAfterSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)) })
}

export type BucketRule = { perSecond: number; burst: number }

/** Limits to an average rate with bursts. Each call takes a point, and returns false when none is left. */
export function createBucket({ perSecond, burst }: BucketRule, nowMs: () => number = () => performance.now()): () => boolean {
	let points = burst
	let filledAtMs = nowMs()
	return () => {
		points = Math.min(burst, points + ((nowMs() - filledAtMs) / 1000) * perSecond)
		filledAtMs = nowMs()
		if (points < 1) return false
		points -= 1
		return true
	}
}

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
