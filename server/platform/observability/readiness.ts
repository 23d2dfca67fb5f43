import pTimeout from 'p-timeout'
import type { Db } from '../database/database.ts'
import { ping, type Redis } from '../redis/redis.ts'

export function createReadiness({ db, redis }: { db: Db; redis: Redis }): Readiness {
	let draining = false
	let asked: { atMs: number; answer: Promise<string[]> } | undefined

	return {
		async whatIsDown() {
			if (draining) return ['stopping']
			// Monotonic time, because after a jump of the clock an old answer would stay in use.
			const nowMs = performance.now()
			if (!asked || nowMs - asked.atMs > freshMs) asked = { atMs: nowMs, answer: ask() }
			return await asked.answer
		},
		isRedisUp,
		drain() {
			draining = true
		},
	}

	async function ask(): Promise<string[]> {
		const answers = await Promise.all([succeeds(Promise.resolve(db.raw('select 1')), patienceMs), isRedisUp(patienceMs)])
		return dependencies.filter((_, index) => !answers[index])
	}

	function isRedisUp(withinMs: number): Promise<boolean> {
		return succeeds(ping(redis), withinMs)
	}
}

/** The dependencies without which a node cannot serve, named as operators know them. */
export const dependencies = ['postgresql', 'redis'] as const

export type Readiness = {
	/** Returns the names of dependencies that do not answer within 2 s. Asks them at most four times a second. */
	whatIsDown(): Promise<string[]>
	isRedisUp(withinMs: number): Promise<boolean>
	/** Makes the node report itself as down, so that a balancer sends no more work. */
	drain(): void
}

const patienceMs = 2000
const freshMs = 250

async function succeeds(work: Promise<unknown>, withinMs: number): Promise<boolean> {
	try {
		await pTimeout(work, { milliseconds: withinMs })
		return true
	} catch {
		return false
	}
}
