import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Redis } from '../redis/redis.ts'
import { Refusal } from '../refusal.ts'

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

/** Hashes a key, which may be a person's address. Redis only needs to recognize it. */
const digestOf = (key: string) => createHash('sha256').update(key).digest('base64url')

function refuse(result: RateLimiterRes) {
	return new Refusal('rate_limited', { retryAfterSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)) })
}
