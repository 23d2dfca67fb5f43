import { feedLua } from '../platform/live/feed.ts'
import { defineScript, type Redis, readLua } from '../platform/redis/redis.ts'
import { tagOf } from '../platform/redis/shard.ts'

/** A slot that an attempt has counted, and that is no longer held by it. */
export type EndedHold = { userId: string; slotId: string; attempt: string }

export type HoldCount = {
	/** Counts slots for an attempt; false when they are too many, and none is counted. */
	reserve(userId: string, attempt: string, slotIds: readonly string[], limit: number, countMs: number): Promise<boolean>
	/** They count until then. */
	until(userId: string, attempt: string, slotIds: readonly string[], untilMs: number): Promise<void>
	/** Strikes off what no longer is held, and nothing that another attempt has counted meanwhile. */
	strike(ended: readonly EndedHold[]): Promise<void>
	/** Strikes slots off, whichever attempt they are counted for. */
	forget(userId: string, slotIds: readonly string[]): Promise<void>
	slotsOf(userId: string): Promise<string[]>
}

/**
 * How many slots each account holds, over all doctors. In a cluster no script can touch the count together with a doctor's holds,
 * so each attempt to hold counts for itself: its slots are counted before it places the hold, and struck off after the hold has
 * gone. Whatever happens at the same time, no slot is held that is not counted. What a node that died has counted lapses.
 */
export function createHoldCount(redis: Redis): HoldCount {
	const reserve = defineScript<number>(redis, 'holdReserve', feedLua + readLua('reserve.lua', import.meta.url))
	const forget = defineScript<number>(redis, 'holdForget', readLua('forget.lua', import.meta.url))
	return {
		reserve: async (userId, attempt, slotIds, limit, countMs) =>
			(await reserve([countKey(userId)], [attempt, limit, countMs, ...slotIds])) === 1,
		async until(userId, attempt, slotIds, untilMs) {
			await redis.zadd(countKey(userId), 'XX', ...slotIds.flatMap(slotId => [untilMs, memberOf(slotId, attempt)]))
		},
		async strike(ended) {
			await Promise.all(ended.map(({ userId, slotId, attempt }) => redis.zrem(countKey(userId), memberOf(slotId, attempt))))
		},
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
