import type { Role } from '../../contract/index.ts'
import { feedKeys, feedLua } from '../platform/live/feed.ts'
import { defineScript, type Redis, readLua, shardsTogether } from '../platform/redis/redis.ts'
import { shardCount, shardTag, tagOf } from '../platform/redis/shard.ts'
import type { Held, Holder } from './codec.ts'
import { slotId } from './slot-id.ts'

/** Functions for scripts that touch holds as part of something larger; to be put before their text. */
export const boardLua = feedLua + readLua('board.lua', import.meta.url)

export const holdKeys = (doctorId: string) => {
	const tag = tagOf(doctorId)
	return {
		holds: `${tag}:holds:${doctorId}`,
		expiry: `${tag}:holds-expiry`,
		/** The calendar's version at the last change that PostgreSQL made: tells a hold that what it read is old. */
		truth: `${tag}:truth:${doctorId}`,
	}
}

const holderKey = (userId: string) => `${tagOf(userId)}:holder:${userId}`

/** A hold's record, as board.lua describes it. */
type HoldRecord = { u: string; n?: string; r?: Role; x?: number; c?: number; p?: boolean }

type PlaceArgs = {
	doctorId: string
	/** The calendar's version that was known before the slots were read. */
	knownVersion: number
	userId: string
	who: { name: string; role: Role }
	holdMs: number
	ceilingMs: number
	slots: { minute: number; json: string }[]
	/** Whether it ends soon after its holder disconnects. */
	throughSocket: boolean
}

/** `released` are slots that were held together with one of these, and no longer are. */
type Placed = { state: 'placed'; untilMs: number; released: string[] } | { state: 'held' } | { state: 'stale'; truth: number }

type HoldEnd = { slotId: string; untilMs: number }

const slotIds = (doctorId: string, minutes: readonly string[]) => minutes.map(minute => slotId(doctorId, Number(minute)))

const sweepLimit = 500
/** What expire.lua answers. */
const expired = { nothingHeld: 0, more: 2 }

/** Holds as `holds_shown` of board.lua returns them, by the minute their slots start. */
export const toHolders = (fields: readonly string[]): Map<number, Holder> => {
	const holders = new Map<number, Holder>()
	for (let i = 0; i < fields.length; i += 2) {
		const record = JSON.parse(fields[i + 1] as string) as HoldRecord
		const untilMs = Math.max(record.x ?? 0, record.c ?? 0)
		holders.set(Number(fields[i]), { userId: record.u, name: record.n ?? '', role: record.r ?? 'patient', untilMs })
	}
	return holders
}

/** The scripts as functions, with their keys and the order of their arguments in one place. */
export const createHoldScripts = (redis: Redis) => {
	const define = <Reply>(name: string, file: string) => defineScript<Reply>(redis, name, boardLua + readLua(file, import.meta.url))
	const place = define<string[]>('holdPlace', 'place.lua')
	const release = define<string[]>('holdRelease', 'release.lua')
	const expire = define<number>('holdExpire', 'expire.lua')
	const grace = define<string[]>('holdGrace', 'grace.lua')
	const read = define<[version: string, holds: string[]]>('holdRead', 'read.lua')
	const reserve = define<number>('holdReserve', 'reserve.lua')
	const truth = define<string>('holdTruth', 'truth.lua')

	return {
		async place({ doctorId, knownVersion, userId, who, holdMs, ceilingMs, slots, throughSocket }: PlaceArgs): Promise<Placed> {
			const keys = holdKeys(doctorId)
			const { versionKey, channel } = feedKeys(doctorId)
			const list = JSON.stringify(slots.map(({ minute, json }) => ({ m: minute, f: json })))
			const [state, number, ...released] = await place(
				[keys.holds, keys.expiry, versionKey, keys.truth],
				[channel, doctorId, knownVersion, userId, JSON.stringify(who), holdMs, ceilingMs, list, throughSocket ? '1' : '0'],
			)
			if (state === 'held') return { state }
			if (state !== 'placed') return { state: 'stale', truth: Number(number) }
			return { state, untilMs: Number(number), released: slotIds(doctorId, released) }
		},
		/** Ids of the slots that are no longer held; none when the caller holds no such slot. */
		async release(doctorId: string, userId: string, minute: number): Promise<string[]> {
			const keys = holdKeys(doctorId)
			const { versionKey, channel } = feedKeys(doctorId)
			return slotIds(doctorId, await release([keys.holds, keys.expiry, versionKey], [channel, doctorId, userId, minute]))
		},
		/** Slots held together with this one, and when their holds run out now. */
		async grace(doctorId: string, userId: string, minute: number, graceMs: number): Promise<HoldEnd[]> {
			const keys = holdKeys(doctorId)
			const fields = await grace([keys.holds, keys.expiry], [doctorId, userId, minute, graceMs])
			const ends: HoldEnd[] = []
			for (let i = 0; i < fields.length; i += 2) ends.push({ slotId: slotId(doctorId, Number(fields[i])), untilMs: Number(fields[i + 1]) })
			return ends
		},
		async read(doctorId: string): Promise<Held> {
			const [version, fields] = await read([holdKeys(doctorId).holds, feedKeys(doctorId).versionKey], [])
			return { version: Number(version), holders: toHolders(fields) }
		},
		async reserve(userId: string, slotId: string, limit: number, holdMs: number): Promise<'limit' | 'new' | 'renewed'> {
			const answer = await reserve([holderKey(userId)], [slotId, limit, holdMs])
			return answer === 0 ? 'limit' : answer === 1 ? 'new' : 'renewed'
		},
		/** The calendar's version at the last change that PostgreSQL made. */
		truth: async (doctorId: string): Promise<number> => Number(await truth([holdKeys(doctorId).truth, feedKeys(doctorId).versionKey], [])),
		heldBy: (userId: string): Promise<string[]> => redis.zrange(holderKey(userId), '0', '-1'),
		/** Counts a hold for as long as it lasts. */
		recount: async (userId: string, { slotId, untilMs }: HoldEnd): Promise<void> => {
			await redis.zadd(holderKey(userId), 'XX', untilMs, slotId)
		},
		forget: async (userId: string, slotIds: readonly string[]): Promise<void> => {
			if (slotIds.length > 0) await redis.zrem(holderKey(userId), ...(slotIds as string[]))
		},
		/** How many slots are held now, over all shards. */
		async count(): Promise<number> {
			const counts = await Promise.all(Array.from({ length: shardCount }, (_, shard) => redis.zcard(`${shardTag(shard)}:holds-expiry`)))
			return counts.reduce((sum, count) => sum + count, 0)
		},
		/** Sweeps every shard. False when nothing is held that could run out. */
		async expire(): Promise<boolean> {
			const states = await Promise.all(
				shardsTogether(redis).map(async tags => {
					const keys = tags.map(tag => `${tag}:holds-expiry`)
					let state: number
					do state = await expire(keys, [sweepLimit, ...tags])
					while (state === expired.more)
					return state
				}),
			)
			return states.some(state => state !== expired.nothingHeld)
		},
	}
}

export type HoldScripts = ReturnType<typeof createHoldScripts>
