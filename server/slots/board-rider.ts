import { feedKeys } from '../platform/live/feed.ts'
import { FencedOff, type Lease, leaseLua } from '../platform/mailbox/lease.ts'
import type { Rider } from '../platform/mailbox/mailbox.ts'
import { defineScript, type Redis, readLua } from '../platform/redis/redis.ts'
import type { StoredSlot } from './availability.ts'
import { boardLua, holdKeys, toHolders } from './board.ts'
import { type FullSlot, type Holder, jsonBeforeState } from './codec.ts'
import { minuteOf } from './slot-id.ts'

/** What a batch sees of a doctor's board. */
export type BoardSeen = {
	/** Holds by the minute their slots start. */
	holders: Map<number, Holder>
	/** Minutes that this batch has claimed against new holds. */
	claimed: Set<number>
}

/** What a batch changes on the board. */
export type BoardEnd = {
	/** Slots to publish, in order. The script adds the holds of that moment. */
	changes: readonly FullSlot[]
	/** Minutes that lose their hold. */
	unhold: readonly number[]
	/** Minutes that lose their claim. */
	unclaim: readonly number[]
	/** Whether watchers start over from a snapshot. */
	reset: boolean
}

/** The board's part in the mailbox's scripts: reads holds as the batch is taken, and publishes slots as it ends. */
export const boardRider: Rider<BoardSeen, BoardEnd> = {
	lua: boardLua + readLua('board-rider.lua', import.meta.url),
	keys(doctorId) {
		const { holds, expiry, truth } = holdKeys(doctorId)
		return [holds, expiry, feedKeys(doctorId).versionKey, truth]
	},
	seen(reply) {
		const [holds, claimed] = reply as [holds: string[], claimed: string]
		return { holders: toHolders(holds), claimed: new Set(claimed === '' ? [] : [Number(claimed)]) }
	},
	end({ changes, unhold, unclaim, reset }) {
		return JSON.stringify({ changes: changes.map(toldSlot), unhold, unclaim, reset })
	},
}

export type Claim = ReturnType<typeof createClaim>

/** A slot that a batch has won, and the account whose hold does not refuse the claim. */
export type WonSlot = { slot: StoredSlot; userId: string }

export type HeldSlot = { minute: number; userId: string }

/** The claims of a node that died expire after this time. */
const claimMs = 30_000

/**
 * Claims slots of one doctor that a batch has won, against new holds. Returns the slots that another account holds; if there are any,
 * no slot was claimed.
 *
 * @throws FencedOff when the lease has passed to another node
 */
export function createClaim(redis: Redis) {
	const script = defineScript<string[]>(redis, 'boardClaim', leaseLua + boardLua + readLua('claim.lua', import.meta.url))
	return async function claim(lease: Lease, doctorId: string, won: readonly WonSlot[]): Promise<HeldSlot[]> {
		const { holds, expiry } = holdKeys(doctorId)
		const { versionKey, channel } = feedKeys(doctorId)
		const slots = JSON.stringify(won.map(({ slot, userId }) => ({ m: slot.startMinute, u: userId, f: jsonBeforeState(slot) })))
		const [state, ...pairs] = await script([lease.key, holds, expiry, versionKey], [lease.token, doctorId, channel, claimMs, slots])
		if (state === 'fenced') throw new FencedOff()
		const held: HeldSlot[] = []
		for (let i = 0; i < pairs.length; i += 2) held.push({ minute: Number(pairs[i]), userId: pairs[i + 1] as string })
		return held
	}
}

/** A slot for the script: its whole JSON when it cannot be held by an account, otherwise its JSON up to the state, which depends on the hold. */
function toldSlot(slot: FullSlot): { m: number; t: string } | { m: number; f: string } {
	const m = minuteOf(slot.startsAt)
	if (slot.state === 'booked' || slot.state === 'blocked' || slot.offeredTo) return { m, t: JSON.stringify(slot) }
	const { id, doctorId, startsAt, endsAt, alsoBooked } = slot
	return { m, f: `${JSON.stringify({ id, doctorId, startsAt, endsAt, alsoBooked }).slice(0, -1)},` }
}
