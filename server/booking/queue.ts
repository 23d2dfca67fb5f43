import { feedKeys } from '../platform/live/feed.ts'
import { type Lease, lockLua, type Proposal } from '../platform/mailbox/lease.ts'
import { defineScript, type Redis, readLua, shardsTogether } from '../platform/redis/redis.ts'
import { tagOf } from '../platform/redis/shard.ts'
import { Refusal } from '../platform/refusal.ts'
import { holdKeys, holdsLua, toHolders } from '../slots/board.ts'
import type { FullSlot, Holder } from '../slots/codec.ts'
import { minuteOf } from '../slots/slot-id.ts'
import type { QueueRequest } from './request.ts'

export type QueueEntry = { entryId: string; request: QueueRequest }

/** What the holder of a doctor's lock has before it. */
export type Taken = {
	nowMs: number
	entries: QueueEntry[]
	holds: Map<number, Holder>
	/** Requests in the queue, those that are not among the entries included. */
	length: number
	/** The slot that was claimed along with it, for its only request. */
	claimed?: { minute: number; userId: string } | undefined
}

export type Conclusion = {
	lease: Lease
	doctorId: string
	/** The newest entry of those that are settled; they are a prefix of the queue. */
	lastEntryId: string | undefined
	changes: readonly FullSlot[]
	unhold: readonly number[]
	unclaim: readonly number[]
	reset: boolean
	/** Whether the lease ends with it; who concludes in parts keeps it until the last. */
	release?: boolean
}

/** A queue that nobody has shortened for a while. */
export type Stray = { doctorId: string; waitingMs: number }

/** What became of requests that were appended: whether each was, and what was taken along with it. */
export type Appended = { added: boolean[]; taken: Taken | null }

type TakenFields = [now: string, fields: string[], holds: string[], length: number, claimed?: string]

const maxQueueLength = 20_000
const claimMs = 30_000
export const queueFull = () => new Refusal('queue_full', { retryAfterSeconds: 2 })
/** How long a queue may wait for whoever was to drain it before another node looks after it. */
const strayAfterMs = 1000
/** Stray queues of one shard that are looked after at once; the next sweep finds more. */
const strayLimit = 100

export const lockKey = (doctorId: string) => `${tagOf(doctorId)}:lock:${doctorId}`

export const queueKey = (doctorId: string) => `${tagOf(doctorId)}:queue:${doctorId}`
const waitingKey = (tag: string) => `${tag}:queues-waiting`

/** Stream ids are `milliseconds-sequence`: everything below this one is settled. */
const successorOf = (entryId: string): string => {
	const [ms, sequence] = entryId.split('-')
	return `${ms}-${BigInt(sequence ?? 0) + 1n}`
}

const toTaken = ([now, fields, holds, length]: TakenFields): Taken => {
	const entries: QueueEntry[] = []
	for (let i = 0; i < fields.length; i += 2) {
		entries.push({ entryId: fields[i] as string, request: JSON.parse(fields[i + 1] as string) as QueueRequest })
	}
	return { nowMs: Number(now), entries, holds: toHolders(holds), length }
}

/** The slot that a booking asks for, when it comes alone. */
const wishOf = (requests: readonly QueueRequest[]) => {
	const [request] = requests
	return requests.length === 1 && request?.kind === 'book' ? { minute: request.startMinute, userId: request.by } : undefined
}

const toStrays = (fields: readonly string[], nowMs: number): Stray[] => {
	const strays: Stray[] = []
	for (let i = 0; i < fields.length; i += 2) strays.push({ doctorId: fields[i] as string, waitingMs: nowMs - Number(fields[i + 1]) })
	return strays
}

// What has happened must be told: nobody would repeat an announcement.
const roomFor = (request: QueueRequest) => (request.kind === 'announce' ? Number.MAX_SAFE_INTEGER : maxQueueLength)

/** A slot as it is told: all of it, when nobody can hold it, or else up to its state, which its hold decides. */
const toldSlot = (slot: FullSlot) => {
	const minute = minuteOf(slot.startsAt)
	if (slot.state === 'booked' || slot.state === 'blocked') return { m: minute, t: JSON.stringify(slot) }
	const { id, doctorId, startsAt, endsAt } = slot
	return { m: minute, f: `${JSON.stringify({ id, doctorId, startsAt, endsAt }).slice(0, -1)},` }
}

/** The queues of requests, one a doctor, and what is done to them together with the holds. */
export const createQueue = (redis: Redis) => {
	const common = holdsLua + lockLua + readLua('queue.lua', import.meta.url)
	const define = <Reply>(name: string, file: string) => defineScript<Reply>(redis, name, common + readLua(file, import.meta.url))
	const enqueue = define<[added: string, ...TakenFields] | [added: string]>('queueEnqueue', 'enqueue.lua')
	const take = define<TakenFields | 'locked' | 'empty'>('queueTake', 'take.lua')
	const claim = define<string[]>('queueClaim', 'claim.lua')
	const conclude = define<number>('queueConclude', 'conclude.lua')
	const strays = define<string[]>('queueStrays', 'strays.lua')

	/** Appends in order, and takes the proposed lease and the queue's head along with it if the lease is to be had. */
	const append = async (doctorId: string, requests: readonly QueueRequest[], lease?: Proposal, atMost = 0): Promise<Appended> => {
		const { holds, expiry } = holdKeys(doctorId)
		const keys = [queueKey(doctorId), waitingKey(tagOf(doctorId)), lockKey(doctorId), holds, expiry]
		const list = requests.flatMap(request => [roomFor(request), JSON.stringify(request)])
		const wish = lease && wishOf(requests)
		const claim = [wish?.minute ?? '', wish?.userId ?? '', claimMs]
		const [added, ...fields] = await enqueue(keys, [doctorId, lease?.token ?? '', lease?.leaseMs ?? 0, atMost, ...claim, ...list])
		const taken = fields.length > 0 ? toTaken(fields as TakenFields) : null
		if (taken && fields[4] === '1') taken.claimed = wish
		return { added: [...added].map(each => each === '1'), taken }
	}

	return {
		append,
		/** @throws Refusal queue_full */
		async add(request: QueueRequest): Promise<void> {
			const { added } = await append(request.doctorId, [request])
			if (!added[0]) throw queueFull()
		},
		/** Takes the proposed lease with the queue's head; not when another has it, nor when there is nothing to do. */
		async take(lease: Proposal, doctorId: string, atMost: number): Promise<Taken | 'locked' | 'empty'> {
			const reply = await take([queueKey(doctorId), holdKeys(doctorId).holds, lease.key], [atMost, lease.token, lease.leaseMs])
			return typeof reply === 'string' ? reply : toTaken(reply)
		},
		/** Slots that somebody else holds; 'fenced' when the lease has passed on. */
		async claim(lease: Lease, doctorId: string, slots: { minute: number; userId: string; json: string }[]) {
			const keys = holdKeys(doctorId)
			const list = JSON.stringify(slots.map(({ minute, userId, json }) => ({ m: minute, u: userId, f: json })))
			const { versionKey, channel } = feedKeys(doctorId)
			const [state, ...pairs] = await claim(
				[lease.key, keys.holds, keys.expiry, versionKey],
				[lease.token, doctorId, channel, claimMs, list],
			)
			if (state === 'fenced') return 'fenced' as const
			const held: { startMinute: number; userId: string }[] = []
			for (let i = 0; i < pairs.length; i += 2) held.push({ startMinute: Number(pairs[i]), userId: pairs[i + 1] as string })
			return held
		},
		/** How many requests are left; 'fenced' when the lease has passed on, and nothing was done. */
		async conclude({ lease, doctorId, lastEntryId, changes, unhold, unclaim, reset, release }: Conclusion): Promise<number | 'fenced'> {
			const keys = holdKeys(doctorId)
			const { versionKey, channel } = feedKeys(doctorId)
			const left = await conclude(
				[lease.key, queueKey(doctorId), waitingKey(tagOf(doctorId)), keys.holds, keys.expiry, versionKey, keys.truth],
				[
					lease.token,
					doctorId,
					channel,
					lastEntryId ? successorOf(lastEntryId) : '',
					JSON.stringify(changes.map(toldSlot)),
					JSON.stringify(unhold),
					JSON.stringify(unclaim),
					reset ? '1' : '0',
					release ? '1' : '0',
				],
			)
			return left === -1 ? 'fenced' : left
		},
		length: (doctorId: string): Promise<number> => redis.xlen(queueKey(doctorId)),
		/** Doctors whose queues have waited too long: the node that was to drain them may have died. */
		async strays(nowMs: number): Promise<Stray[]> {
			const waiting = await Promise.allSettled(
				shardsTogether(redis).map(tags => strays(tags.map(waitingKey), [nowMs - strayAfterMs, strayLimit])),
			)
			// In a cluster one master may be away, which keeps nobody from looking after the queues of the others.
			return waiting.flatMap(each => (each.status === 'fulfilled' ? toStrays(each.value, nowMs) : []))
		},
	}
}

export type Queue = ReturnType<typeof createQueue>
