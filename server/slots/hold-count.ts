import { feedLua } from '../platform/live/feed.ts'
import { newId } from '../platform/new-id.ts'
import { defineScript, type Redis, readLua } from '../platform/redis/redis.ts'
import { tagOf } from '../platform/redis/shard.ts'

/**
 * Counts how many slots each account holds, over all doctors. In a cluster no script can change the count together with a doctor's
 * holds. So each attempt counts its slots before it places the hold, and they are removed after the hold has ended. Whatever happens
 * concurrently, every held slot is counted. The counts of a node that died expire.
 */
export function createHoldCount(redis: Redis): HoldCount {
	const reserve = defineScript<number>(redis, 'holdReserve', feedLua + readLua('reserve.lua', import.meta.url))
	const forget = defineScript<number>(redis, 'holdForget', forgetLua)

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

	function begin(userId: string, limit: number, holdMs: number): Attempt {
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
				// If this fails, the slots count for too long, but the end of the hold removes them.
				redis.zadd(countKey(userId), 'XX', ...members).catch(() => {})
			},
			async withdraw() {
				await lastCounting
				await strike([...counted].map(slotId => ({ userId, slotId, attempt: id })))
			},
		}
	}

	async function strike(ended: readonly EndedHold[]): Promise<void> {
		await Promise.all(ended.map(({ userId, slotId, attempt }) => redis.zrem(countKey(userId), memberOf(slotId, attempt))))
	}
}

/** A slot that an attempt has counted, and whose hold has ended. */
export type EndedHold = { userId: string; slotId: string; attempt: string }

/** One attempt to hold slots. */
export type Attempt = {
	id: string
	/** Counts slots before they are held. Returns false when there are too many, and then counts none. */
	count(slotIds: readonly string[]): Promise<boolean>
	/** Notes until when the slots are held. */
	placed(untilMs: number): void
	/** Removes the attempt's slots from the count, because they are not held. */
	withdraw(): Promise<void>
}

export type HoldCount = {
	begin(userId: string, limit: number, holdMs: number): Attempt
	/** Removes ended holds from the count, and nothing that another attempt has counted meanwhile. */
	strike(ended: readonly EndedHold[]): Promise<void>
	/** Removes slots from the count, for whichever attempts they are counted. */
	forget(userId: string, slotIds: readonly string[]): Promise<void>
	slotsOf(userId: string): Promise<string[]>
}

/** An attempt counts for this much longer than its hold lasts, because placing the hold may take a while. */
const attemptMs = 60_000

/** KEYS  the holder's slots (reserve.lua)        ARGV  slot ids … */
const forgetLua = `
	local gone = {}
	for _, slot in ipairs(ARGV) do gone[slot] = true end
	for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
		if gone[string.match(member, '^%S+')] then redis.call('ZREM', KEYS[1], member) end
	end
	return 1`

const countKey = (userId: string) => `${tagOf(userId)}:holder:${userId}`

const memberOf = (slotId: string, attempt: string) => (attempt === '' ? slotId : `${slotId} ${attempt}`)
