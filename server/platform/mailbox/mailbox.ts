import { isDatabaseUnavailable } from '../database/database.ts'
import { groupBy } from '../group-by.ts'
import type { Log } from '../observability/log.ts'
import { defineScript, isRedisUnavailable, type Redis, readLua, shardsTogether } from '../redis/redis.ts'
import { tagOf } from '../redis/shard.ts'
import { Refusal } from '../refusal.ts'
import { FencedOff, type Lease, type Leases, leaseLua } from './lease.ts'
import { createScheduler } from './scheduler.ts'

/**
 * Ordered messages for keys, settled in batches by whichever node has a key's lease. Messages of one key are settled in the
 * order in which they reached Redis; a message whose node dies is settled by another.
 *
 *   post → take under the lease → settle → finish
 *
 * A batch that fails is settled again by key, and then message by message, so that one that stands no chance fails alone.
 */
export function createMailbox<Message, Seen, End>(deps: MailboxDeps<Message, Seen, End>): Mailbox<Message> {
	const { redis, leases, rider, handler, observe, log } = deps
	const scripts = defineScripts(redis, rider.lua)
	const scheduler = createScheduler(keys => attempt(() => drain(keys)))
	let posted = new Map<string, Posted<Message>[]>()

	return { post, wake: scheduler.wake, sweep, stop: scheduler.stop }

	/** Resolves when the message is in its mailbox, and so will be settled. @throws Refusal queue_full */
	function post(key: string, message: Message): Promise<void> {
		return new Promise((resolve, reject) => {
			// What is posted in one turn of the event loop is appended together.
			if (posted.size === 0) setImmediate(appendPosted)
			const list = posted.get(key)
			if (list) list.push({ message, resolve, reject })
			else posted.set(key, [{ message, resolve, reject }])
		})
	}

	/** One script a key, in the order of posting. A free lane takes the lease and the oldest messages in the same script. */
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

	/** Never rejects: the callers learn of a failure, and the sweep finds what was appended all the same. */
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
			// Whether the script ran is unknown: the lease may be ours.
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

	/** Settles what was taken of each key, and lets go of the leases. */
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
				finish: (key, settled, end) => finish(parcels.get(key) as Parcel, settled, end),
			}
			const work = () => settle(batch)
			try {
				await (observe ? observe.around(batch, work) : work())
			} finally {
				await Promise.all(taken.filter(parcel => !isReleased(parcel)).map(({ lease }) => lease.release()))
			}
		}
		// A message may have come, and been left to this node, before the lease ended.
		await Promise.all(
			taken.map(async ({ key, state }) => {
				if (state !== 'released' && (await redis.xlen(keyOf.stream(key))) > 0) scheduler.wait(key)
			}),
		)
	}

	async function settle(batch: Batch): Promise<void> {
		try {
			await (batch.entries.length === 1 ? settleAlone(batch) : handler.settle(batch))
		} catch (error) {
			if (batch.entries.length === 1 || isPassing(error)) throw error
			log.debug({ reason: (error as Error).message, messages: batch.entries.length }, 'batch is settled again in parts')
			for (const entries of partsOf(batch)) await settle({ ...batch, entries })
		}
	}

	/** A message that fails every time is refused, so that it does not hold up those behind it for ever. */
	async function settleAlone(batch: Batch): Promise<void> {
		for (let tries = 1; ; tries++) {
			try {
				return await handler.settle(batch)
			} catch (error) {
				if (isPassing(error)) throw error
				if (tries >= maxTries) return await handler.refuse(batch, error)
			}
		}
	}

	function partsOf({ entries }: Batch): Entry<Message>[][] {
		const byKey = groupBy(entries, ({ key }) => key)
		return byKey.size > 1 ? [...byKey.values()] : entries.map(entry => [entry])
	}

	/** @throws FencedOff when the lease has passed to another node, which finds the messages still there */
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

	/** Messages stay in their mailboxes when this fails; the sweep, or the node that has the lease, takes them. */
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
		// In a cluster one master may be away, which must not keep the mailboxes of the others waiting.
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
	/** How many messages may be in the mailbox before this one. */
	roomFor: (message: Message) => number
	observe?: MailboxObserver<Message, Seen, End> | undefined
	log: Log
}

export type Mailbox<Message> = {
	post(key: string, message: Message): Promise<void>
	/** Drains the key's mailbox as soon as a lane is free. */
	wake(key: string): void
	/** Wakes keys whose messages have waited for too long: the node that was to drain them may have died. */
	sweep(nowMs: number): Promise<void>
	/** Lets running batches end. */
	stop(): Promise<void>
}

export type Handler<Message, Seen, End> = {
	/** Settles all entries or a prefix of each key's, and finishes every key. What it throws leaves nothing settled. */
	settle(batch: BatchOf<Message, Seen, End>): Promise<void>
	/** Settles one message that failed every time. */
	refuse(batch: BatchOf<Message, Seen, End>, error: unknown): Promise<void>
}

export type Entry<Message> = { key: string; entryId: string; message: Message }

/** What was taken of one key, under its lease. */
export type ParcelOf<Message, Seen> = {
	key: string
	lease: Lease
	/** The oldest messages, in order. */
	entries: readonly Entry<Message>[]
	/** Messages in the mailbox, those that were not taken included. */
	length: number
	/** Redis's time. */
	nowMs: number
	/** What the rider told. */
	seen: Seen
	state: 'leased' | 'released'
}

/** What is settled together: of one key or of many, all that was taken or, after a failure, a part of it with the same parcels. */
export type BatchOf<Message, Seen, End> = {
	parcels: ReadonlyMap<string, ParcelOf<Message, Seen>>
	/** Each key's in order. */
	entries: readonly Entry<Message>[]
	/** Redis's time. */
	nowMs: number
	/** On the scale of `performance.now()`. */
	beganMs: number
	/** Ends the batch for a key: `settled` messages leave the mailbox, and the rider does its part. @throws FencedOff */
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

/** A mailbox that has waited for longer than a running node lets it. */
export type Stray = { key: string; waitingMs: number }

export type MailboxObserver<Message, Seen, End> = {
	/** Another node had the lease. */
	contended(): void
	/** Does the batch's work, and watches it. */
	around(batch: BatchOf<Message, Seen, End>, work: () => Promise<void>): Promise<void>
	/** Messages stay in their mailboxes: the lease has passed on, or a store failed. */
	failed(why: 'fenced' | 'error'): void
	/** Called at every sweep, with none mostly. */
	strayed(strays: readonly (Stray & { messages: number })[]): void
}

/** Messages that are settled together; more wait for the next batch. */
export const maxBatch = 600
const minBatchOfKey = 20
const maxTries = 4
/** How long a mailbox may wait for the node that was to drain it before every node looks after it. */
const strayAfterMs = 1000
/** A sweep looks after so many of a shard; the next one finds more. */
const straysPerShard = 100

type Posted<Message> = { message: Message; resolve: () => void; reject: (error: unknown) => void }
type TakenReply = [now: string, fields: string[], length: number, seen: unknown]

function batchSize(keys: number): number {
	return Math.max(minBatchOfKey, Math.floor(maxBatch / Math.max(1, keys)))
}

export function mailboxFull(): Refusal {
	return new Refusal('queue_full', { retryAfterSeconds: 2 })
}

/** Errors that pass by themselves: the messages stay in their mailboxes, and are settled later. */
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

/** Stream ids are `milliseconds-sequence`: everything below this one is settled. */
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
