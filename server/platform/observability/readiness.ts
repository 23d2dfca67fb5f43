import type { Db } from '../database/database.ts'
import { ping, type Redis } from '../redis/redis.ts'

const within = async (ms: number, work: Promise<unknown>): Promise<boolean> => {
	let timer: NodeJS.Timeout | undefined
	const late = new Promise<boolean>(resolve => {
		timer = setTimeout(() => resolve(false), ms)
	})
	const answered = work.then(
		() => true,
		() => false,
	)
	try {
		return await Promise.race([answered, late])
	} finally {
		clearTimeout(timer)
	}
}

/** What a node cannot serve without, as it is named to those who run it. */
export const dependencies = ['postgresql', 'redis'] as const

export type Readiness = {
	/** Names of the dependencies that do not answer within 2 s. Asks anew at most four times a second. */
	whatIsDown(): Promise<string[]>
	/** From now on the node counts as down, so that a balancer sends no more work. */
	drain(): void
}

export const createReadiness = ({ db, redis }: { db: Db; redis: Redis }): Readiness => {
	let draining = false
	let asked: { atMs: number; answer: Promise<string[]> } | undefined

	const ask = async () => {
		const answers = await Promise.all([within(2000, Promise.resolve(db.raw('select 1'))), within(2000, ping(redis))])
		return dependencies.filter((_, index) => !answers[index])
	}

	return {
		async whatIsDown() {
			if (draining) return ['stopping']
			// Not the clock, which may jump: an old answer would stand for as long.
			const nowMs = performance.now()
			if (!asked || nowMs - asked.atMs > 250) asked = { atMs: nowMs, answer: ask() }
			return await asked.answer
		},
		drain() {
			draining = true
		},
	}
}
