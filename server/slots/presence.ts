import { feedKeys, feedLua } from '../platform/live/feed.ts'
import { defineScript, type Redis, readLua } from '../platform/redis/redis.ts'
import { tagOf } from '../platform/redis/shard.ts'

/** Counts the watchers of each calendar, over all nodes, and sends the number at most once a second. */
export function createPresence({ redis, nodeId, tell, everyMs = 1000 }: PresenceDeps) {
	const report = defineScript<number>(redis, 'calendarPresence', feedLua + readLua('presence.lua', import.meta.url))
	const calendars = new Map<string, Watched>()

	const timer = setInterval(() => void tick(), everyMs)
	timer.unref()

	return {
		/** Sets this node's own count. */
		set(doctorId: string, viewers: number) {
			const watched = calendars.get(doctorId)
			if (watched) watched.local = viewers
			else if (viewers > 0) {
				calendars.set(doctorId, {
					local: viewers,
					reported: 0,
					reportedAtMs: Number.NEGATIVE_INFINITY,
					told: undefined,
					sum: undefined,
					newcomer: false,
				})
			}
		},
		/** Notes that a new watcher of this node is listening. */
		greet(doctorId: string) {
			const watched = calendars.get(doctorId)
			if (watched) watched.newcomer = true
		},
		/** Notes the sum that this or another node reported. */
		heard(doctorId: string, viewers: number) {
			const watched = calendars.get(doctorId)
			if (watched) watched.sum = viewers
		},
		async stop() {
			clearInterval(timer)
			await Promise.allSettled([...calendars.keys()].map(doctorId => reportOne(doctorId, 0)))
		},
	}

	async function reportOne(doctorId: string, viewers: number) {
		await report([`${tagOf(doctorId)}:viewers:${doctorId}`], [feedKeys(doctorId).channel, nodeId, viewers, freshMs])
	}

	async function tick() {
		const now = performance.now()
		const due: Promise<void>[] = []
		for (const [doctorId, watched] of calendars) {
			// A new watcher is sent the number even when it is unchanged, once the number includes that watcher.
			const isAwaited = watched.newcomer && watched.local === watched.reported
			if (watched.sum !== undefined && (watched.sum !== watched.told || isAwaited)) {
				watched.told = watched.sum
				watched.newcomer = false
				tell(doctorId, watched.sum)
			}
			if (watched.local === watched.reported && now - watched.reportedAtMs < renewMs) continue
			watched.reported = watched.local
			watched.reportedAtMs = now
			due.push(reportOne(doctorId, watched.local))
			if (watched.local === 0) calendars.delete(doctorId)
		}
		await Promise.allSettled(due)
	}
}

export type Presence = ReturnType<typeof createPresence>

export type PresenceDeps = {
	redis: Redis
	nodeId: string
	/** Sends the number to this node's watchers of a doctor. */
	tell: (doctorId: string, viewers: number) => void
	everyMs?: number
}

/** How long a node's count is valid without renewal. After this time the sum leaves out a node that died. */
const freshMs = 30_000
const renewMs = 10_000

type Watched = {
	local: number
	reported: number
	reportedAtMs: number
	told: number | undefined
	sum: number | undefined
	/** True when a new watcher has not been sent the number yet. */
	newcomer: boolean
}
