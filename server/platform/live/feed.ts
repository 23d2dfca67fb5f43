import { groupBy } from '../group-by.ts'
import type { Log } from '../observability/log.ts'
import { defineScript, type Redis, readLua } from '../redis/redis.ts'
import { tagOf } from '../redis/shard.ts'
import type { Subscriber } from '../redis/subscriber.ts'

/** Functions for scripts that append to a feed as part of something larger; to be put before their text. */
export const feedLua = readLua('feed.lua', import.meta.url)

export type Feed = {
	/** The last number given out. */
	version(topic: string): Promise<number>
	/** Makes every follower of the topic start over, under a number above all that were seen here. */
	reset(topic: string): Promise<void>
	/** Resolves when messages are sure to arrive; a reader of the version afterwards misses none. */
	follow(topic: string): Promise<void>
	unfollow(topic: string): void
	/** The last number that arrived here, of a topic that is followed. */
	arrived(topic: string): number
	stop(): Promise<void>
}

/** Changes `from` through `to`, inclusive. Without `changes` the number was skipped: start over from a snapshot. */
export type FeedMessage = { topic: string; from: number; to: number; changes: string }

export type FeedDeps = {
	redis: Redis
	subscriber: Subscriber
	log: Log
	deliver: (message: FeedMessage) => void
	/** Other traffic of the topic, out of sequence. */
	deliverAside?: (topic: string, text: string) => void
	auditMs?: number
	/** Told how long something published now takes to arrive here, behind all that was published before it. */
	observeDelivery?: (ms: number) => void
}

/** Text after this mark on a feed's channel is no change: it has no number and nobody misses it. */
export const asideMark = '!'

/** The number of a topic that nobody uses is forgotten after a day (feed.lua): one that is followed is read this often. */
const touchEveryMs = 3_600_000

type Followed = {
	/** The highest number that arrived; unknown while a topic is beginning to be followed. */
	lastTo: number | undefined
	/** `lastTo` at an audit that found it behind. */
	behindAt: number | undefined
	/** Numbers cannot tell whether changes are missing: their connection was lost, or a number came twice. */
	isDoubtful: boolean
	touchedAtMs: number
}

/**
 * Follows feeds. Publish/subscribe forgets what it sent while a connection was down, Redis may lose its memory, and a replica
 * that lagged may take its master's place and give numbers out again. So every half second the numbers are compared with what
 * arrived, and a feed that lost something is reset, above every number that was seen here.
 */
export function createFeed({ redis, subscriber, log, deliver, deliverAside, auditMs = 450, observeDelivery }: FeedDeps): Feed {
	const read = defineScript<string>(redis, 'feedRead', feedLua + readLua('feed-read.lua', import.meta.url))
	const skip = defineScript<number>(redis, 'feedReset', feedLua + readLua('feed-reset.lua', import.meta.url))
	const followed = new Map<string, Followed>()
	const topics = new Map<string, string>()

	subscriber.on('message', onMessage)
	subscriber.on('close', onClose)

	const version = async (topic: string) => Number(await read([feedKeys(topic).versionKey], []))

	type Connection = NonNullable<ReturnType<Subscriber['via']>>

	let auditing = false
	const audit = setInterval(async () => {
		if (auditing || redis.status !== 'ready') return
		auditing = true
		await auditAll()
		auditing = false
	}, auditMs)
	audit.unref()

	return {
		version,
		reset,
		async follow(topic) {
			const { channel } = feedKeys(topic)
			topics.set(channel, topic)
			// Known from the start: what arrives before the version is read counts, and one that is left meanwhile stays left.
			const state: Followed = followed.get(topic) ?? {
				lastTo: undefined,
				behindAt: undefined,
				isDoubtful: false,
				touchedAtMs: performance.now(),
			}
			followed.set(topic, state)
			await subscriber.subscribe(channel)
			const current = await version(topic)
			// Behind the messages on their connection: what the number counts has arrived by now, and is not taken for news.
			const connection = subscriber.via(channel)
			if (!connection) throw new Error('Connection is closed.')
			await connection.ping()
			state.lastTo = Math.max(state.lastTo ?? 0, current)
		},
		unfollow(topic) {
			const { channel } = feedKeys(topic)
			followed.delete(topic)
			topics.delete(channel)
			subscriber.unsubscribe(channel).catch(() => {})
		},
		arrived: topic => followed.get(topic)?.lastTo ?? 0,
		async stop() {
			clearInterval(audit)
			subscriber.off('message', onMessage)
			subscriber.off('close', onClose)
		},
	}

	async function reset(topic: string) {
		const { versionKey, channel } = feedKeys(topic)
		await skip([versionKey], [channel, followed.get(topic)?.lastTo ?? 0])
	}

	function onMessage(channel: string, text: string) {
		const topic = topics.get(channel)
		if (topic === undefined) return
		if (text.startsWith(asideMark)) return deliverAside?.(topic, text.slice(asideMark.length))
		const first = text.indexOf(' ')
		const second = text.indexOf(' ', first + 1)
		const message = {
			topic,
			from: Number(text.slice(0, first)),
			to: Number(text.slice(first + 1, second)),
			changes: text.slice(second + 1),
		}
		const state = followed.get(topic)
		if (state) note(state, message)
		deliver(message)
	}

	function onClose(channels: readonly string[] = [...topics.keys()]) {
		for (const channel of channels) {
			const state = followed.get(topics.get(channel) ?? '')
			if (state) state.isDoubtful = true
		}
	}

	/** Master by master: in a cluster one that is away keeps nobody from auditing the others. */
	async function auditAll() {
		const byConnection = groupBy(followed, ([topic]) => subscriber.via(feedKeys(topic).channel))
		const audits = await Promise.allSettled([...byConnection].map(([connection, states]) => connection && auditOne(connection, states)))
		for (const { reason } of audits.filter(each => each.status === 'rejected')) {
			log.debug({ reason: (reason as Error).message }, 'feed audit failed')
		}
	}

	async function auditOne(connection: Connection, states: [string, Followed][]) {
		const seen = states.map(([, { lastTo }]) => lastTo)
		const currents = await versionsOf(states)
		// Answered on the connection of the messages, behind them: however busy this process is, what was published
		// before the numbers were read has arrived by now.
		const askedMs = performance.now()
		await connection.ping()
		observeDelivery?.(performance.now() - askedMs)
		await Promise.all(
			states.map(async ([topic, state], index) => {
				const current = currents.get(topic) as number
				if (followed.get(topic) !== state || state.lastTo === undefined) return
				const wentBack = current < (seen[index] ?? 0)
				if (!wentBack && !state.isDoubtful && !lostSomething(state, current)) return
				log.info({ topic, current, lastTo: state.lastTo }, 'feed reset')
				await reset(topic)
			}),
		)
	}

	/** One command a shard: a node may follow hundreds of topics, and asks twice a second. */
	async function versionsOf(states: readonly [string, Followed][]): Promise<Map<string, number>> {
		const nowMs = performance.now()
		return new Map((await Promise.all([...groupBy(states, ([topic]) => tagOf(topic)).values()].map(readShard))).flat())

		async function readShard(ofShard: [string, Followed][]) {
			const texts = await redis.mget(ofShard.map(([topic]) => feedKeys(topic).versionKey))
			const numbers = await Promise.all(
				ofShard.map(([topic, state], index) => {
					// A Redis without its memory has no number: it begins anew when it is asked for one.
					if (texts[index] && nowMs - state.touchedAtMs < touchEveryMs) return Number(texts[index])
					state.touchedAtMs = nowMs
					return version(topic)
				}),
			)
			return numbers.map((number, index) => [ofShard[index]?.[0] as string, number] as const)
		}
	}
}

/** What such a script needs: the key of the version, and the channel. */
export function feedKeys(topic: string) {
	return {
		versionKey: `${tagOf(topic)}:feed:${topic}:version`,
		channel: `${tagOf(topic)}:feed:${topic}`,
	}
}

/** Remembers what arrived. After a skipped number everybody starts over: what was doubted before is in the snapshot. */
function note(state: Followed, { from, to, changes }: FeedMessage) {
	if (changes === '[]') state.isDoubtful = false
	if (state.lastTo !== undefined && from <= state.lastTo) state.isDoubtful = true
	state.lastTo = Math.max(state.lastTo ?? 0, to)
}

function lostSomething(state: Followed, current: number): boolean {
	// More may have arrived since the number was read.
	if ((state.lastTo as number) >= current) {
		state.behindAt = undefined
		return false
	}
	// Given time for what is on its way: the number must have been missing at the audit before, too.
	const stillBehind = state.behindAt === state.lastTo
	state.behindAt = state.lastTo
	return stillBehind
}
