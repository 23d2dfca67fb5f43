import type { Role } from '../../contract/index.ts'
import { feedKeys, feedLua } from '../platform/live/feed.ts'
import { defineScript, type Redis, readLua, shardsTogether } from '../platform/redis/redis.ts'
import { shardCount, shardTag, tagOf } from '../platform/redis/shard.ts'
import type { Held, Holder } from './codec.ts'
import type { EndedHold } from './hold-count.ts'
import { slotId } from './slot-id.ts'

/** Makes the scripts functions, with their keys and arguments in one place. */
export function createHoldScripts(redis: Redis) {
	const define = <Reply>(name: string, file: string) => defineScript<Reply>(redis, name, boardLua + readLua(file, import.meta.url))
	const place = define<[state: 'placed' | 'held' | 'stale', number?: string, ...ended: string[]]>('holdPlace', 'place.lua')
	const release = define<string[]>('holdRelease', 'release.lua')
	const expire = define<[state: 'nothing held' | 'looked at all' | 'more', ...ended: string[]]>('holdExpire', 'expire.lua')
	const grace = define<number>('holdGrace', 'grace.lua')
	const read = defineScript<[version: string, holds: string[]]>(
		redis,
		'holdRead',
		`${boardLua} return { feed_version(KEYS[2]), holds_shown(KEYS[1], clock_ms()) }`,
	)
	const truth = defineScript<string>(redis, 'holdTruth', `${boardLua} return truth_read(KEYS[1], KEYS[2])`)

	return {
		async place({ doctorId, knownVersion, userId, who, slots, ...wish }: PlaceArgs): Promise<Placed> {
			const keys = holdKeys(doctorId)
			const { versionKey, channel } = feedKeys(doctorId)
			const list = slots.map(({ minute, json }) => ({ m: minute, f: json }))
			const [state, number, ...ended] = await place(
				[keys.holds, keys.expiry, versionKey, keys.truth],
				[JSON.stringify({ ...wish, ...who, channel, doctor: doctorId, known: knownVersion, user: userId, slots: list })],
			)
			if (state === 'held') return { state }
			if (state === 'stale') return { state, truth: Number(number) }
			return { state, untilMs: Number(number), ended: toEnded(ended, minute => slotId(doctorId, Number(minute))) }
		},
		/** Returns the ended holds; none when the caller does not hold the slot. */
		async release(doctorId: string, userId: string, minute: number): Promise<EndedHold[]> {
			const keys = holdKeys(doctorId)
			const { versionKey, channel } = feedKeys(doctorId)
			const ended = await release([keys.holds, keys.expiry, versionKey], [channel, doctorId, userId, minute])
			return toEnded(ended, each => slotId(doctorId, Number(each)))
		},
		/** Shortens holds to the grace, or restores their time when the grace is 0. */
		async grace(doctorId: string, userId: string, minutes: readonly number[], graceMs: number): Promise<void> {
			const keys = holdKeys(doctorId)
			await grace([keys.holds, keys.expiry], [doctorId, userId, graceMs, ...minutes])
		},
		async read(doctorId: string): Promise<Held> {
			const [version, fields] = await read([holdKeys(doctorId).holds, feedKeys(doctorId).versionKey], [])
			return { version: Number(version), holders: toHolders(fields) }
		},
		/** Returns the calendar's version at the last change that PostgreSQL made. */
		truth: async (doctorId: string): Promise<number> => Number(await truth([holdKeys(doctorId).truth, feedKeys(doctorId).versionKey], [])),
		/** Counts the slots that are held now, over all shards. */
		async count(): Promise<number> {
			const counts = await Promise.all(Array.from({ length: shardCount }, (_, shard) => redis.zcard(`${shardTag(shard)}:holds-expiry`)))
			return counts.reduce((sum, count) => sum + count, 0)
		},
		/** Removes expired holds in every shard. `isHeld` is false when no hold exists that could expire. */
		async expire(): Promise<{ isHeld: boolean; ended: EndedHold[] }> {
			const ended: EndedHold[] = []
			const states = await Promise.all(shardsTogether(redis).map(expireShards))

			return { isHeld: states.some(state => state !== 'nothing held'), ended }

			async function expireShards(tags: readonly string[]) {
				const keys = tags.map(tag => `${tag}:holds-expiry`)
				for (;;) {
					const [state, ...fields] = await expire(keys, [sweepLimit, ...tags])
					ended.push(...toEnded(fields, member => member.replace(':', '-')))
					if (state !== 'more') return state
				}
			}
		},
	}
}

export type HoldScripts = ReturnType<typeof createHoldScripts>

/** Lua functions for scripts that change holds as part of a larger step. They belong before the script's text. */
export const boardLua = feedLua + readLua('board.lua', import.meta.url)

type PlaceArgs = {
	doctorId: string
	/** The calendar's version that was known before the slots were read. */
	knownVersion: number
	userId: string
	who: { name: string; role: Role }
	/** The attempt for which the slots are counted. */
	attempt: string
	holdMs: number
	ceilingMs: number
	slots: { minute: number; json: string }[]
	/** Whether the hold ends soon after its holder disconnects. */
	throughSocket: boolean
}

/** `ended` are holds that this one renewed or replaced. */
type Placed = { state: 'placed'; untilMs: number; ended: EndedHold[] } | { state: 'held' } | { state: 'stale'; truth: number }

const sweepLimit = 500

export function holdKeys(doctorId: string) {
	const tag = tagOf(doctorId)
	return {
		holds: `${tag}:holds:${doctorId}`,
		expiry: `${tag}:holds-expiry`,
		/**
		 * The calendar's version at the last change that PostgreSQL made. It shows when the slots that a hold was based on are
		 * outdated.
		 */
		truth: `${tag}:truth:${doctorId}`,
	}
}

/** A hold's record, as board.lua describes it. */
type HoldRecord = { u: string; n?: string; r?: Role; x?: number; c?: number; p?: boolean }

/** Parses holds as `holds_shown` of board.lua returns them, by the minute of their slot's start. */
export function toHolders(fields: readonly string[]): Map<number, Holder> {
	const holders = new Map<number, Holder>()
	for (let i = 0; i < fields.length; i += 2) {
		const record = JSON.parse(fields[i + 1] as string) as HoldRecord
		const untilMs = Math.max(record.x ?? 0, record.c ?? 0)
		holders.set(Number(fields[i]), { userId: record.u, name: record.n ?? '', role: record.r ?? 'patient', untilMs })
	}
	return holders
}

/** Parses ended holds as the scripts return them: user, slot and attempt of each. */
function toEnded(fields: readonly string[], toSlotId: (slot: string) => string): EndedHold[] {
	const ended: EndedHold[] = []
	for (let i = 0; i < fields.length; i += 3) {
		ended.push({ userId: fields[i] as string, slotId: toSlotId(fields[i + 1] as string), attempt: fields[i + 2] as string })
	}
	return ended
}
