import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, isDatabaseUnavailable } from '../database/database.ts'
import { createRedis, ping } from '../redis/redis.ts'

export type Waiting = { say: (line: string) => void; signal: AbortSignal }

/** Waits for PostgreSQL, because a host may start it together with this node or restart it meanwhile. @throws as `untilAnswered` */
export function untilDatabaseReachable(db: Db, waiting: Waiting): Promise<void> {
	return untilAnswered({ name: 'PostgreSQL', ask: () => db.raw('SELECT 1'), isRefusal: error => !isDatabaseUnavailable(error) }, waiting)
}

const wrongAccess = /^(NOAUTH|NOPERM|WRONGPASS)\b/

/** Waits for Redis in the same way. @throws as `untilAnswered` */
export async function untilRedisReachable(url: string, waiting: Waiting): Promise<void> {
	const redis = createRedis({ url, name: 'liveslot start' })
	let reason: Error | undefined
	redis.on('error', error => {
		reason = error
	})

	function ask() {
		return ping(redis).catch(error => {
			throw reason ?? error
		})
	}

	try {
		await untilAnswered({ name: 'Redis', ask, isRefusal: ({ message }) => wrongAccess.test(message) }, waiting)
	} finally {
		redis.disconnect()
	}
}

/** PostgreSQL or Redis does not serve this node. The message addresses the operator. */
export class NotServedError extends Error {}

type Asked = {
	name: string
	ask: () => Promise<unknown>
	/** Whether the error is a refusal rather than silence. */
	isRefusal: (error: Error) => boolean
}

const patienceMs = 60_000
const againMs = 250
/** Says nothing while a connection is made within this time. */
const quietMs = 1000

/** @throws NotServedError after a refusal or a minute of silence; AbortError when the signal ends the waiting */
async function untilAnswered({ name, ask, isRefusal }: Asked, { say, signal }: Waiting): Promise<void> {
	const beganMs = performance.now()
	for (let isTold = false; ; ) {
		try {
			await ask()
			return
		} catch (error) {
			const { message, code } = error as NodeJS.ErrnoException
			if (isRefusal(error as Error)) throw new NotServedError(`${name} says no: ${message}`)
			const waitedMs = performance.now() - beganMs
			if (waitedMs >= patienceMs) throw new NotServedError(`${name} cannot be reached: ${message || code}`)
			if (!isTold && waitedMs >= quietMs) {
				say(`${name} cannot be reached yet: waiting for it`)
				isTold = true
			}
		}
		await sleep(againMs, undefined, { signal })
	}
}
