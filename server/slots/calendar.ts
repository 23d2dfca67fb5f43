import { endpoints } from '../../contract/index.ts'
import type { Doctors } from '../clinic/doctors.ts'
import { type EventHandlers, publicRoute, type Route, type SocketContext } from '../identity/handlers.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Followed } from '../platform/live/dispatch.ts'
import { createFeed } from '../platform/live/feed.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import { PreparedJson } from '../platform/prepared-json.ts'
import type { Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import { createCalendarObserver, registerWatchGauges } from './observe.ts'
import { createPresence } from './presence.ts'
import { createSnapshots, type ReadHolds, type Snapshots } from './snapshot.ts'
import { createWatchers, viewOf } from './watchers.ts'

/** Creates what watchers see of calendars. */
export function createCalendar(deps: CalendarDeps): Calendar {
	const { io, redis, subscriber, run, log, metrics, nodeId, doctors, readHolds, nowMs } = deps
	const observe = createCalendarObserver(metrics)
	const presence = createPresence({ redis, nodeId, tell: (doctorId, viewers) => watchers.tellPresence(doctorId, viewers) })
	const feed = createFeed({
		redis,
		subscriber,
		log,
		deliver: message => watchers.deliver(message),
		deliverAside: (doctorId, text) => presence.heard(doctorId, Number(text)),
		observeDelivery: observe.delivery,
	})
	const watchers = createWatchers({ io, feed, presence, observe, nowMs })
	registerWatchGauges(metrics, watchers.counts)
	const snapshots = createSnapshots({ run, doctors, readHolds, nowMs })

	const listSlots = publicRoute(endpoints.listSlots, async ({ params: { id: doctorId }, query: { from, to } }, actor) => {
		const view = viewOf(actor, doctorId)
		const { json } = await snapshots.take({ doctorId, from, to, view, viewerId: actor?.userId })
		return new PreparedJson(json)
	})

	const listNextFree = publicRoute(endpoints.listNextFree, async ({ query }) => ({
		items: await snapshots.nextFree(query.doctorIds, query.each),
		nextCursor: null,
	}))

	return {
		routes: [listSlots, listNextFree],
		handlers: {
			'calendar:watch': ({ doctorId, from, to }, { actor, socket }) =>
				inTurn(socket, doctorId, async () => {
					const timeZone = await snapshots.timeZoneOf(doctorId)
					const joined = await watchers.join(socket, doctorId)
					const wanted = { doctorId, from, to, view: viewOf(actor, doctorId), viewerId: actor?.userId, timeZone }
					const snapshot = await snapshots.take(wanted).catch(error => {
						watchers.leave(socket, doctorId)
						throw error
					})
					// The snapshot must be sent before the changes that follow it.
					return new Followed(new PreparedJson(snapshot.json), () => watchers.follow(socket, doctorId, joined, snapshot.version))
				}),
			'calendar:unwatch': async ({ doctorId }, { socket }) => {
				watchers.leave(socket, doctorId)
				return {}
			},
		},
		nextFree: snapshots.nextFree,
		knownVersion: doctorId => feed.arrived(doctorId) || undefined,
		disconnected: socket => watchers.leaveAll(socket),
		callerChanged: socket => watchers.showAgain(socket),
		async stop() {
			watchers.stop()
			await feed.stop()
			await presence.stop()
		},
	}
}

export type CalendarDeps = {
	io: LiveServer
	redis: Redis
	subscriber: Subscriber
	run: Run
	log: Log
	metrics: Metrics
	nodeId: string
	doctors: Doctors
	readHolds: ReadHolds
	nowMs: () => number
}

export type Calendar = {
	routes: Route[]
	handlers: Pick<EventHandlers, 'calendar:watch' | 'calendar:unwatch'>
	nextFree: Snapshots['nextFree']
	/** The version up to which changes have arrived at this node; undefined for a calendar without watchers here. */
	knownVersion(doctorId: string): number | undefined
	disconnected(socket: SocketContext['socket']): void
	/** Adapts the socket's view to its changed caller. */
	callerChanged(socket: SocketContext['socket']): void
	stop(): Promise<void>
}

/**
 * Answers a socket's watches of one calendar one after the other. When two arrive at once, the later answer has the newer snapshot,
 * and the changes after it are sent.
 */
async function inTurn<T>(socket: SocketContext['socket'], doctorId: string, work: () => Promise<T>): Promise<T> {
	socket.data.watchTurns ??= new Map()
	const turns: Map<string, Promise<unknown>> = socket.data.watchTurns
	const turn = (turns.get(doctorId) ?? Promise.resolve()).then(work)
	const ended = turn.catch(() => {})
	turns.set(doctorId, ended)
	try {
		return await turn
	} finally {
		if (turns.get(doctorId) === ended) turns.delete(doctorId)
	}
}
