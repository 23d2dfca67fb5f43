import pTimeout from 'p-timeout'
import type { Db } from '../database/database.ts'
import { ping, type Redis } from '../redis/redis.ts'

/** What a node cannot serve without, as it is named to those who run it. */
export const dependencies = ['postgresql', 'redis'] as const

export type Readiness = {
	/** Names of the dependencies that do not answer within 2 s. Asks anew at most four times a second. */
	whatIsDown(): Promise<string[]>
	isRedisUp(withinMs: number): Promise<boolean>
	/** From now on the node counts as down, so that a balancer sends no more work. */
	drain(): void
}

const patienceMs = 2000
const freshMs = 250

export function createReadiness({ db, redis }: { db: Db; redis: Redis }): Readiness {
	let draining = false
	let asked: { atMs: number; answer: Promise<string[]> } | undefined

	return {
		async whatIsDown() {
			if (draining) return ['stopping']
			// Not the clock, which may jump: an old answer would stand for as long.
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

async function succeeds(work: Promise<unknown>, withinMs: number): Promise<boolean> {
	try {
		await pTimeout(work, { milliseconds: withinMs })
		return true
	} catch {
		return false
	}
}
