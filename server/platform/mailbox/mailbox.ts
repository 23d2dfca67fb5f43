import { isDatabaseUnavailable } from '../database/database.ts'
import { groupBy } from '../group-by.ts'
import type { Log } from '../observability/log.ts'
import { defineScript, isRedisUnavailable, type Redis, readLua, shardsTogether } from '../redis/redis.ts'
import { tagOf } from '../redis/shard.ts'
import { Refusal } from '../refusal.ts'
import { FencedOff, type Lease, type Leases, leaseLua } from './lease.ts'
import { createScheduler } from './scheduler.ts'

/**
 * Keeps ordered messages for keys and settles them in batches on the node that has a key's lease. Messages of one key are settled in
 * the order in which they reached Redis. When a node dies, another settles its messages.
 *
 *   post → take under the lease → settle → finish
 *
 * A batch that fails is settled again key by key, and then message by message, so that a message which can never succeed fails alone.
 */
export function createMailbox<Message, Seen, End>(deps: MailboxDeps<Message, Seen, End>): Mailbox<Message> {
	const { redis, leases, rider, handler, observe, log } = deps
	const scripts = defineScripts(redis, rider.lua)
	const scheduler = createScheduler(keys => attempt(() => drain(keys)))
	let posted = new Map<string, Posted<Message>[]>()

	return { post, wake: scheduler.wake, sweep, stop: scheduler.stop }

	/** Resolves when the message is in its mailbox, from where it is certain to be settled. @throws Refusal queue_full */
	function post(key: string, message: Message): Promise<void> {
		return new Promise((resolve, reject) => {
			// Messages that are posted in one turn of the event loop are appended together.
			if (posted.size === 0) setImmediate(appendPosted)
			const list = posted.get(key)
			if (list) list.push({ message, resolve, reject })
			else posted.set(key, [{ message, resolve, reject }])
		})
	}

	/**
	 * Appends with one script for each key, in the order of posting. If a lane is free, the same script takes the lease and the
	 * oldest messages.
	 */
	function appendPosted(): void {
		const beganMs = performance.now()
		const lists = posted
		posted = new Map()
		const turn = scheduler.begin([...lists.keys()])
		const proposals = new Map(turn?.keys.map(key => [key, leases.propose(keyOf.lease(key))]))
		const atMost = batchSize(proposals.size)
		const appending = [...lists].map(([key, list]) => append(key, list, proposals.get(key), atMost))
		turn?.run(() => attempt(async () => drainParcels(present(await Promise.all(appending)), beganMs)))
	}

	/** Never rejects: a failure reaches the callers, and the sweep finds messages that were appended all the same. */
	async function append(key: string, list: readonly Posted<Message>[], lease: Lease | undefined, atMost: number): Promise<Parcel | null> {
		const messages = list.flatMap(({ message }) => [deps.roomFor(message), JSON.stringify(message)])
		try {
			const [added, taken] = await scripts.append(keysOf(key), [key, lease?.token ?? '', lease?.leaseMs ?? 0, atMost, ...messages])
			for (const [index, { resolve, reject }] of list.entries()) {
				if (added[index] === '1') resolve()
				else reject(mailboxFull())
			}
			if (!lease) scheduler.wake(key)
			else if (!taken) observe?.contended()
			return lease && taken ? toParcel(key, lease, taken) : null
		} catch (error) {
			for (const { reject } of list) reject(error)
			// The script may have run, so the lease may be ours.
			if (lease) void lease.release()
			return null
		}
	}

	async function drain(keys: readonly string[]): Promise<void> {
		const beganMs = performance.now()
		const taken = await Promise.allSettled(keys.map(key => take(key, batchSize(keys.length))))
		await drainParcels(present(taken.map(each => (each.status === 'fulfilled' ? each.value : null))), beganMs)
		rethrow(taken)
	}

	async function take(key: string, atMost: number): Promise<Parcel | null> {
		const lease = leases.propose(keyOf.lease(key))
		try {
			const taken = await scripts.take(keysOf(key), [key, lease.token, lease.leaseMs, atMost])
			if (typeof taken === 'object') return toParcel(key, lease, taken)
			if (taken === 'leased') observe?.contended()
			return null
		} catch (error) {
			await lease.release()
			throw error
		}
	}

	/** Settles the taken messages of each key and releases the leases. */
	async function drainParcels(taken: readonly Parcel[], beganMs: number): Promise<void> {
		const parcels = new Map(taken.map(parcel => [parcel.key, parcel]))
		const entries = taken.flatMap(parcel => parcel.entries)
		const isReleased = ({ state }: Parcel) => state === 'released'
		if (entries.length > 0) {
			const batch: Batch = {
				parcels,
				entries,
				nowMs: Math.max(...taken.map(parcel => parcel.nowMs)),
				beganMs,
				post,
				finish: (key, settled, end) => finish(parcels.get(key) as Parcel, settled, end),
			}
			const work = () => settle(batch)
			try {
				await (observe ? observe.around(batch, work) : work())
			} finally {
				await Promise.all(taken.filter(parcel => !isReleased(parcel)).map(({ lease }) => lease.release()))
			}
		}
		// Before the lease ended, another message may have arrived and been left to this node.
		await Promise.all(
			taken.map(async ({ key, state }) => {
				if (state !== 'released' && (await redis.xlen(keyOf.stream(key))) > 0) scheduler.wait(key)
			}),
		)
	}

	/** A message that fails every time is refused, so that it does not block those behind it for ever. */
	async function settle(batch: Batch): Promise<void> {
		for (let tries = 1; ; tries++) {
			try {
				return await handler.settle(batch)
			} catch (error) {
				if (isPassing(error)) throw error
				if (batch.entries.length > 1) return await settleInParts(batch, error)
				if (tries >= maxTries) return await handler.refuse(batch, error)
			}
		}
	}

	async function settleInParts(batch: Batch, error: unknown): Promise<void> {
		log.debug({ reason: (error as Error).message, messages: batch.entries.length }, 'batch is settled again in parts')
		for (const entries of partsOf(batch)) await settle({ ...batch, entries })
	}

	function partsOf({ entries }: Batch): Entry<Message>[][] {
		const byKey = groupBy(entries, ({ key }) => key)
		return byKey.size > 1 ? [...byKey.values()] : entries.map(entry => [entry])
	}

	/** @throws FencedOff when the lease has passed to another node, which still finds the messages */
	async function finish(parcel: Parcel, settled: readonly Entry<Message>[], end: End): Promise<void> {
		const { key } = parcel
		const last = settled.findLast(entry => entry.key === key)
		const isRelease = last === parcel.entries.at(-1)
		const successor = last ? successorOf(last.entryId) : ''
		const left = await scripts.finish(keysOf(key), [key, parcel.lease.token, successor, isRelease ? '1' : '', rider.end(end)])
		if (left === -1) throw new FencedOff()
		if (isRelease) parcel.state = 'released'
		if (left > 0) scheduler.wait(key)
	}

	/** Runs the work. After a failure the messages stay in their mailboxes, for the sweep or the lease's next owner. */
	async function attempt(work: () => Promise<void>): Promise<void> {
		try {
			await work()
		} catch (error) {
			const isFenced = error instanceof FencedOff
			observe?.failed(isFenced ? 'fenced' : 'error')
			if (!isFenced) log.warn({ err: error }, 'drain failed; messages stay in their mailboxes')
		}
	}

	async function sweep(nowMs: number): Promise<void> {
		// In a cluster a missing master must not delay the mailboxes of the others.
		const found = await Promise.allSettled(
			shardsTogether(redis).map(tags => scripts.strays(tags.map(keyOf.waiting), [nowMs - strayAfterMs, straysPerShard])),
		)
		const strays = found.flatMap(each => (each.status === 'fulfilled' ? toStrays(each.value, nowMs) : []))
		for (const { key } of strays) scheduler.wake(key)
		if (!observe) return
		const lengths = await Promise.all(strays.map(({ key }) => redis.xlen(keyOf.stream(key))))
		observe.strayed(strays.map((stray, index) => ({ ...stray, messages: lengths[index] as number })))
	}

	function keysOf(key: string): string[] {
		return [keyOf.stream(key), keyOf.waiting(tagOf(key)), keyOf.lease(key), ...rider.keys(key)]
	}

	function toParcel(key: string, lease: Lease, [now, fields, length, seen]: TakenReply): Parcel {
		const entries: Entry<Message>[] = []
		for (let i = 0; i < fields.length; i += 2)
			entries.push({ key, entryId: fields[i] as string, message: JSON.parse(fields[i + 1] as string) })
		return { key, lease, entries, length, nowMs: Number(now), seen: rider.seen(seen), state: 'leased' }
	}

	type Parcel = ParcelOf<Message, Seen>
	type Batch = BatchOf<Message, Seen, End>
}

export type MailboxDeps<Message, Seen, End> = {
	redis: Redis
	leases: Leases
	rider: Rider<Seen, End>
	handler: Handler<Message, Seen, End>
	/** The highest number of messages in the mailbox before this one. */
	roomFor: (message: Message) => number
	observe?: MailboxObserver<Message, Seen, End> | undefined
	log: Log
}

export type Mailbox<Message> = {
	post(key: string, message: Message): Promise<void>
	/** Drains the key's mailbox as soon as a lane is free. */
	wake(key: string): void
	/** Wakes keys whose messages have waited for too long, because their node may have died. */
	sweep(nowMs: number): Promise<void>
	/** Waits for running batches. */
	stop(): Promise<void>
}

export type Handler<Message, Seen, End> = {
	/** Settles all entries, or a prefix of each key's, and finishes every key. If it throws, nothing is settled. */
	settle(batch: BatchOf<Message, Seen, End>): Promise<void>
	/** Settles one message that failed every time. */
	refuse(batch: BatchOf<Message, Seen, End>, error: unknown): Promise<void>
}

export type Entry<Message> = { key: string; entryId: string; message: Message }

/** The messages that were taken of one key, under its lease. */
export type ParcelOf<Message, Seen> = {
	key: string
	lease: Lease
	/** The oldest messages, in order. */
	entries: readonly Entry<Message>[]
	/** The number of messages in the mailbox, including those that were not taken. */
	length: number
	/** Redis's time. */
	nowMs: number
	/** What the rider read. */
	seen: Seen
	state: 'leased' | 'released'
}

/** Messages that are settled together, of one or more keys. After a failure a batch is a part of the first one, with the same parcels. */
export type BatchOf<Message, Seen, End> = {
	parcels: ReadonlyMap<string, ParcelOf<Message, Seen>>
	/** Each key's in order. */
	entries: readonly Entry<Message>[]
	/** Redis's time. */
	nowMs: number
	/** On the scale of `performance.now()`. */
	beganMs: number
	/** Posts a message that follows from this batch, to any key. */
	post: Mailbox<Message>['post']
	/** Ends the batch for a key: the `settled` messages leave the mailbox, and the rider does its part. @throws FencedOff */
	finish(key: string, settled: readonly Entry<Message>[], end: End): Promise<void>
}

/** Another owner of records for the same keys, which does its part in the mailbox's scripts (mailbox.lua). */
export type Rider<Seen, End> = {
	/** Defines `rider_take` and `rider_finish`. */
	lua: string
	keys(key: string): string[]
	seen(reply: unknown): Seen
	end(end: End): string
}

/** A mailbox that has waited longer than a running node would let it. */
export type Stray = { key: string; waitingMs: number }

export type MailboxObserver<Message, Seen, End> = {
	/** Another node had the lease. */
	contended(): void
	/** Runs the batch's work and observes it. */
	around(batch: BatchOf<Message, Seen, End>, work: () => Promise<void>): Promise<void>
	/** Called when messages stay in their mailboxes, because the lease has passed on or a store failed. */
	failed(why: 'fenced' | 'error'): void
	/** Called at every sweep, usually with none. */
	strayed(strays: readonly (Stray & { messages: number })[]): void
}

/** How many messages are settled together. The others wait for the next batch. */
export const maxBatch = 600
const minBatchOfKey = 20
const maxTries = 4
/** How long a mailbox may wait for its node before every node takes care of it. */
const strayAfterMs = 1000
/** How many keys of a shard one sweep wakes. The next sweep finds the others. */
const straysPerShard = 100

type Posted<Message> = { message: Message; resolve: () => void; reject: (error: unknown) => void }
type TakenReply = [now: string, fields: string[], length: number, seen: unknown]

function batchSize(keys: number): number {
	return Math.max(minBatchOfKey, Math.floor(maxBatch / Math.max(1, keys)))
}

export function mailboxFull(): Refusal {
	return new Refusal('queue_full', { retryAfterSeconds: 2 })
}

/** Whether the error will pass by itself. The messages then stay in their mailboxes and are settled later. */
export function isPassing(error: unknown): boolean {
	return error instanceof FencedOff || isDatabaseUnavailable(error) || isRedisUnavailable(error)
}

/** Records in Redis, by key or by shard. */
export const keyOf = {
	stream: (key: string) => `${tagOf(key)}:queue:${key}`,
	lease: (key: string) => `${tagOf(key)}:lock:${key}`,
	waiting: (tag: string) => `${tag}:queues-waiting`,
}

function defineScripts(redis: Redis, riderLua: string) {
	const lua = readLua('../redis/clock.lua', import.meta.url) + leaseLua + riderLua + readLua('mailbox.lua', import.meta.url)
	const define = <Reply>(name: string, call: string) => defineScript<Reply>(redis, name, `${lua}\nreturn ${call}()`)
	return {
		append: define<[added: string, taken?: TakenReply]>('mailboxAppend', 'append'),
		take: define<TakenReply | 'empty' | 'leased'>('mailboxTake', 'take'),
		finish: define<number>('mailboxFinish', 'finish'),
		strays: define<string[]>('mailboxStrays', 'strays'),
	}
}

/** Returns the next stream id (`milliseconds-sequence`). Every id below it is settled. */
function successorOf(entryId: string): string {
	const [ms, sequence] = entryId.split('-')
	return `${ms}-${BigInt(sequence ?? 0) + 1n}`
}

function toStrays(fields: readonly string[], nowMs: number): Stray[] {
	const strays: Stray[] = []
	for (let i = 0; i < fields.length; i += 2) strays.push({ key: fields[i] as string, waitingMs: nowMs - Number(fields[i + 1]) })
	return strays
}

function present<T>(list: readonly (T | null)[]): T[] {
	return list.filter(each => each !== null)
}

function rethrow(results: readonly PromiseSettledResult<unknown>[]): void {
	for (const each of results) if (each.status === 'rejected') throw each.reason
}
