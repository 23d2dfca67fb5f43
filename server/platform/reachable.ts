import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, isDatabaseUnavailable } from './database.ts'

const patienceMs = 60_000
const againMs = 500

export type Waiting = { say: (line: string) => void; signal: AbortSignal }

/**
 * Waits for PostgreSQL: a host may start both at once, or restart the one while the other starts.
 *
 * @throws Error when it says no, when it cannot be reached for a minute, and when the signal ends the waiting
 */
export const untilReachable = async (db: Db, { say, signal }: Waiting): Promise<void> => {
	const endMs = performance.now() + patienceMs
	for (let isTold = false; ; isTold = true) {
		try {
			await db.raw('SELECT 1')
			return
		} catch (error) {
			if (!isDatabaseUnavailable(error) || performance.now() >= endMs) throw error
			if (!isTold) say('PostgreSQL cannot be reached yet: waiting for it')
		}
		await sleep(againMs, undefined, { signal })
	}
}
