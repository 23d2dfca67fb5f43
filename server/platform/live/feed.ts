import { groupBy } from '../group-by.ts'
import type { Log } from '../observability/log.ts'
import { defineScript, type Redis, readLua } from '../redis/redis.ts'
import { tagOf } from '../redis/shard.ts'
import type { Subscriber } from '../redis/subscriber.ts'

/**
 * Follows feeds and repairs losses. Publish/subscribe drops messages while a connection is down, Redis may lose its memory, and a
 * lagging replica may become the master and give out numbers again. So every half second an audit compares the numbers with those
 * that arrived, and resets a feed that lost something, above every number that this node saw.
 */
export function createFeed({ redis, subscriber, log, deliver, deliverAside, auditMs = 450, observeDelivery }: FeedDeps): Feed {
	const read = defineScript<string>(redis, 'feedRead', `${feedLua} return feed_version(KEYS[1])`)
	const skip = defineScript<number>(redis, 'feedReset', `${feedLua} return feed_reset(KEYS[1], ARGV[1], tonumber(ARGV[2]))`)
	const followed = new Map<string, Followed>()
	const topics = new Map<string, string>()

	subscriber.on('message', onMessage)
	subscriber.on('close', onClose)

	const version = async (topic: string) => Number(await read([feedKeys(topic).versionKey], []))

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
			// The state exists from the start, so that messages which arrive before the version is read count, and a topic that is
			// left meanwhile stays left.
			const state: Followed = followed.get(topic) ?? {
				lastTo: undefined,
				behindAt: undefined,
				isDoubtful: false,
				touchedAtMs: performance.now(),
			}
			followed.set(topic, state)
			await subscriber.subscribe(channel)
			const current = await version(topic)
			// The ping is answered behind the messages on their connection, so every change up to the version has arrived and is not
			// delivered as new.
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

	/** Audits each master separately, so that in a cluster a missing master does not prevent the audit of the others. */
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
		// The ping is answered on the messages' connection, behind them. However busy this process is, all that was published before
		// the numbers were read has arrived by then.
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

	/** Reads the versions with one command for each shard, because a node may follow hundreds of topics and asks twice a second. */
	async function versionsOf(states: readonly [string, Followed][]): Promise<Map<string, number>> {
		const nowMs = performance.now()
		return new Map((await Promise.all([...groupBy(states, ([topic]) => tagOf(topic)).values()].map(readShard))).flat())

		async function readShard(ofShard: [string, Followed][]) {
			const texts = await redis.mget(ofShard.map(([topic]) => feedKeys(topic).versionKey))
			const numbers = await Promise.all(
				ofShard.map(([topic, state], index) => {
					// Redis has lost this number. Asking for the version starts the feed again.
					if (texts[index] && nowMs - state.touchedAtMs < touchEveryMs) return Number(texts[index])
					state.touchedAtMs = nowMs
					return version(topic)
				}),
			)
			return numbers.map((number, index) => [ofShard[index]?.[0] as string, number] as const)
		}
	}
}

/** Lua functions for scripts that append to a feed as part of a larger step. They belong before the script's text. */
export const feedLua = readLua('feed.lua', import.meta.url)

export type Feed = {
	/** Returns the last number given out. */
	version(topic: string): Promise<number>
	/** Makes every follower of the topic start over, under a number above all that this node has seen. */
	reset(topic: string): Promise<void>
	/** Resolves when messages are certain to arrive. A reader that reads the version afterwards misses no change. */
	follow(topic: string): Promise<void>
	unfollow(topic: string): void
	/** Returns the last number of a followed topic that has arrived here. */
	arrived(topic: string): number
	stop(): Promise<void>
}

/** Changes `from` through `to`, inclusive. Without changes the number was skipped, and readers start over from a snapshot. */
export type FeedMessage = { topic: string; from: number; to: number; changes: string }

export type FeedDeps = {
	redis: Redis
	subscriber: Subscriber
	log: Log
	deliver: (message: FeedMessage) => void
	/** Receives the topic's messages without a number. */
	deliverAside?: (topic: string, text: string) => void
	auditMs?: number
	/** Called with the time that a message published now takes to arrive here, behind all messages before it. */
	observeDelivery?: (ms: number) => void
}

/** Text after this mark on a feed's channel is no change. It has no number and may be missed. */
export const asideMark = '!'

/** An unused topic's number expires after a day (feed.lua), so the numbers of followed topics are read this often. */
const touchEveryMs = 3_600_000

type Connection = NonNullable<ReturnType<Subscriber['via']>>

type Followed = {
	/** The highest number that arrived; undefined until the follower has begun. */
	lastTo: number | undefined
	/** `lastTo` at the audit that found this feed behind. */
	behindAt: number | undefined
	/** True when numbers cannot show whether changes are missing, because the connection was lost or a number came twice. */
	isDoubtful: boolean
	touchedAtMs: number
}

/** The key of the version and the channel, which scripts need that append to the feed. */
export function feedKeys(topic: string) {
	return {
		versionKey: `${tagOf(topic)}:feed:${topic}:version`,
		channel: `${tagOf(topic)}:feed:${topic}`,
	}
}

/** Notes what arrived. After a skipped number all watchers start over from a snapshot, which contains whatever was in doubt before. */
function note(state: Followed, { from, to, changes }: FeedMessage) {
	if (changes === '[]') state.isDoubtful = false
	if (state.lastTo !== undefined && from <= state.lastTo) state.isDoubtful = true
	state.lastTo = Math.max(state.lastTo ?? 0, to)
}

function lostSomething(state: Followed, current: number): boolean {
	// More changes may have arrived since the number was read.
	if ((state.lastTo as number) >= current) {
		state.behindAt = undefined
		return false
	}
	// Messages may still be on their way, so a feed counts as behind only when the same number was missing at the previous audit.
	const stillBehind = state.behindAt === state.lastTo
	state.behindAt = state.lastTo
	return stillBehind
}
