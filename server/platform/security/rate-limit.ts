import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Redis } from '../redis/redis.ts'
import { Refusal } from '../refusal.ts'

export type LimitRule = {
	name: string
	points: number
	perSeconds: number
	/** Refuses without asking Redis again until the time is over: for limits that only floods meet, and that are never reset. */
	refusesAlone?: boolean
}

export type Limiter = {
	/** Counts `points` against the key. @throws Refusal rate_limited */
	consume(key: string, points?: number): Promise<void>
	/** @throws Refusal rate_limited when the key has used its points up; counts nothing */
	check(key: string): Promise<void>
	reset(key: string): Promise<void>
}

export type CreateLimiter = (rule: LimitRule) => Limiter

const unlimited: Limiter = { consume: async () => {}, check: async () => {}, reset: async () => {} }

/** Limits that all nodes share, in Redis. While Redis is away each node counts for itself, so that a flood finds no open door. */
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

/** Keys may be addresses of people: Redis is told only what is the same again. */
const digestOf = (key: string) => createHash('sha256').update(key).digest('base64url')

function refuse(result: RateLimiterRes) {
	return new Refusal('rate_limited', { retryAfterSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)) })
}
