import { feedLua } from '../platform/live/feed.ts'
import { newId } from '../platform/new-id.ts'
import { defineScript, type Redis, readLua } from '../platform/redis/redis.ts'
import { tagOf } from '../platform/redis/shard.ts'

/** A slot that an attempt has counted, and that is no longer held by it. */
export type EndedHold = { userId: string; slotId: string; attempt: string }

/** One attempt to hold slots. */
export type Attempt = {
	id: string
	/** Counts slots before they are held; false when they are too many, and none of them is counted. */
	count(slotIds: readonly string[]): Promise<boolean>
	/** The slots are held until then. */
	placed(untilMs: number): void
	/** The slots are not held. */
	withdraw(): Promise<void>
}

export type HoldCount = {
	begin(userId: string, limit: number, holdMs: number): Attempt
	/** Strikes off what no longer is held, and nothing that another attempt has counted meanwhile. */
	strike(ended: readonly EndedHold[]): Promise<void>
	/** Strikes slots off, whichever attempt they are counted for. */
	forget(userId: string, slotIds: readonly string[]): Promise<void>
	slotsOf(userId: string): Promise<string[]>
}

/** An attempt is counted for longer than its hold: it may be a while until the hold is placed. */
const attemptMs = 60_000

/**
 * How many slots each account holds, over all doctors. In a cluster no script can touch the count together with a doctor's holds,
 * so each attempt to hold counts for itself: its slots are counted before it places the hold, and struck off after the hold has
 * gone. Whatever happens at the same time, no slot is held that is not counted. What a node that died has counted lapses.
 */
export function createHoldCount(redis: Redis): HoldCount {
	const reserve = defineScript<number>(redis, 'holdReserve', feedLua + readLua('reserve.lua', import.meta.url))
	const forget = defineScript<number>(redis, 'holdForget', readLua('forget.lua', import.meta.url))

	const begin: HoldCount['begin'] = (userId, limit, holdMs) => {
		const id = newId()
		const counted = new Set<string>()
		let lastCounting: Promise<unknown> = Promise.resolve()
		return {
			id,
			async count(slotIds) {
				const uncounted = slotIds.filter(slotId => !counted.has(slotId))
				if (uncounted.length === 0) return true
				for (const slotId of uncounted) counted.add(slotId)
				const counting = reserve([countKey(userId)], [id, limit, holdMs + attemptMs, ...uncounted])
				lastCounting = counting.catch(() => {})
				return (await counting) === 1
			},
			placed(untilMs) {
				const members = [...counted].flatMap(slotId => [untilMs, memberOf(slotId, id)])
				// What is counted for too long is struck off when the hold ends.
				redis.zadd(countKey(userId), 'XX', ...members).catch(() => {})
			},
			async withdraw() {
				await lastCounting
				await strike([...counted].map(slotId => ({ userId, slotId, attempt: id })))
			},
		}
	}

	const strike: HoldCount['strike'] = async ended => {
		await Promise.all(ended.map(({ userId, slotId, attempt }) => redis.zrem(countKey(userId), memberOf(slotId, attempt))))
	}

	return {
		begin,
		strike,
		async forget(userId, slotIds) {
			if (slotIds.length > 0) await forget([countKey(userId)], [...slotIds])
		},
		async slotsOf(userId) {
			const members = await redis.zrange(countKey(userId), '0', '-1')
			return [...new Set(members.map(member => member.split(' ')[0] as string))]
		},
	}
}

const countKey = (userId: string) => `${tagOf(userId)}:holder:${userId}`

const memberOf = (slotId: string, attempt: string) => (attempt === '' ? slotId : `${slotId} ${attempt}`)
