import { endpoints, type Room } from '../../contract/index.ts'
import type { Commands } from '../booking/commands.ts'
import type { Doctors } from '../clinic/doctors.ts'
import { type EventHandlers, publicRoute, type Route, route, type SocketContext } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Followed } from '../platform/live/dispatch.ts'
import { createFeed, feedKeys, feedLua } from '../platform/live/feed.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import { defineScript, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import { Refusal } from '../platform/refusal.ts'
import { networkOf } from '../platform/security/client-address.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import { createRoomAnnouncements } from './announcements.ts'
import { createKiosk } from './kiosk.ts'
import { createLines, type RoomRef } from './line.ts'
import { seenBy, topicOf, type Viewer, viewerOf } from './rooms.ts'
import { createScreens, roomOfScreen } from './screens.ts'
import { createVisits, type VisitsDeps } from './visits.ts'
import { createRoomWatchers } from './watchers.ts'

/** The live line of each doctor: who waits, who is called, and for how long still; and the screens that show it. */
export function createWaitingRoom(deps: WaitingRoomDeps): WaitingRoom {
	const { io, db, run, redis, subscriber, log, metrics, limiter, doctors, commands, readLink, nowMs } = deps
	const append = defineScript<number>(redis, 'roomChanged', `${feedLua} return feed_append(KEYS[1], ARGV[1], 1, '[1]')`)
	const feed = createFeed({ redis, subscriber, log, deliver: message => watchers.deliver(message) })
	const lines = createLines({ run, nowMs })
	const watchers = createRoomWatchers({ io, feed, lines, publish, log })
	const announcements = createRoomAnnouncements({ db, run, log, publish })
	const visits = createVisits({ db, commands, readLink, announcements, nowMs })
	const screens = createScreens({ db, io, limiter, watchers, log })
	const kiosk = createKiosk({ db, limiter, screens, visits })
	const linkReadings = limiter({ name: 'visit-links', points: 60, perSeconds: 60 })
	metrics.sampled('room_watchers', 'Sockets of this node that watch lines', () => watchers.counts().watchers)

	return {
		routes: [
			route(endpoints.getRoom, async ({ query }, actor) => {
				const ref = await roomOf(query)
				const version = await feed.version(topicOf(ref))
				return answer(ref, version, seenBy(viewerOf(actor), await lines.read(ref)))
			}),
			route(endpoints.addWalkIn, ({ body, origin, idempotencyKey }, actor) => visits.walkIn({ actor, origin, idempotencyKey }, body)),
			publicRoute(endpoints.checkIn, ({ params, body, origin }, actor) => visits.checkIn({ actor, origin }, params.id, body.link)),
			route(endpoints.callIn, ({ params, body, origin }, actor) => visits.call({ actor, origin }, params.id, body.room)),
			route(endpoints.stepOut, ({ params, origin }, actor) => visits.stepOut({ actor, origin }, params.id)),
			route(endpoints.stepIn, ({ params, origin }, actor) => visits.stepIn({ actor, origin }, params.id)),
			publicRoute(endpoints.readVisitLink, async ({ body, origin }) => {
				await linkReadings.consume(networkOf(origin.ip))
				return await visits.readLinked(body.link)
			}),
			route(endpoints.listScreens, async () => ({ items: await screens.list(), nextCursor: null })),
			route(endpoints.addScreen, ({ body, origin }, actor) => screens.add(actor, body, origin)),
			route(endpoints.removeScreen, ({ params, origin }, actor) => screens.revoke(actor, params.id, origin)),
			publicRoute(endpoints.pairScreen, ({ body, origin }) => screens.pair(body.code, origin)),
			publicRoute(endpoints.checkInAtKiosk, ({ body, origin }) => kiosk.checkIn(body, origin)),
		],
		handlers: {
			'room:watch': async (request, context) => {
				const { ref, viewer } = await admit(request, context)
				const { version, entries, follow } = await watchers.join(context.socket, ref, viewer)
				return new Followed(answer(ref, version, entries), follow)
			},
			'room:unwatch': async (request, { socket }) => {
				if (request.doctorId !== undefined) watchers.leave(socket, { of: 'doctor', id: request.doctorId })
				if (request.siteId !== undefined) watchers.leave(socket, { of: 'site', id: request.siteId })
				return {}
			},
		},
		disconnected: watchers.leaveAll,
		callerChanged: (socket, actor) => watchers.callerChanged(socket, () => viewerOf(actor)),
		async stop() {
			screens.stop()
			await announcements.stop()
			watchers.stop()
			await feed.stop()
		},
	}

	async function publish(ref: RoomRef): Promise<void> {
		const { versionKey, channel } = feedKeys(topicOf(ref))
		await append([versionKey], [channel])
	}

	/** Who looks, and at which line. @throws Refusal unauthenticated, not_found */
	async function admit(
		{
			doctorId,
			siteId,
			screenToken,
			link,
		}: { doctorId?: string | undefined; siteId?: string | undefined; screenToken?: string | undefined; link?: string | undefined },
		{ actor, socket }: SocketContext,
	): Promise<{ ref: RoomRef; viewer: Viewer }> {
		if (link !== undefined) {
			const visit = await visits.readLinked(link)
			return { ref: { of: 'doctor', id: visit.doctorId }, viewer: { kind: 'link', appointmentId: visit.appointmentId } }
		}
		if (screenToken === undefined) {
			const viewer = viewerOf(actor)
			return { ref: await roomOf({ doctorId, siteId }), viewer }
		}
		const screen = await screens.identify(screenToken, 'wall')
		if (siteId !== screen.siteId) throw new Refusal('not_found')
		await socket.join(roomOfScreen(screen.id))
		return { ref: { of: 'site', id: screen.siteId }, viewer: { kind: 'screen', screenId: screen.id } }
	}

	/** @throws Refusal not_found, before anything of a room that does not exist reaches Redis */
	async function roomOf({ doctorId, siteId }: { doctorId?: string | undefined; siteId?: string | undefined }): Promise<RoomRef> {
		if (doctorId !== undefined && (await doctors.exists(doctorId))) return { of: 'doctor', id: doctorId }
		if (siteId !== undefined && isDatabaseId(siteId) && (await db('sites').where({ id: siteId }).first('id')))
			return { of: 'site', id: siteId }
		throw new Refusal('not_found')
	}
}

export type WaitingRoomDeps = {
	io: LiveServer
	db: Db
	run: Run
	redis: Redis
	subscriber: Subscriber
	log: Log
	metrics: Metrics
	limiter: CreateLimiter
	doctors: Pick<Doctors, 'exists'>
	commands: Pick<Commands, 'find' | 'setStatus' | 'walkIn'>
	readLink: VisitsDeps['readLink']
	nowMs: () => number
}

export type WaitingRoom = {
	routes: Route[]
	handlers: Pick<EventHandlers, 'room:watch' | 'room:unwatch'>
	disconnected(socket: SocketContext['socket']): void
	/** Adapts what the socket sees to its changed caller. */
	callerChanged(socket: SocketContext['socket'], actor: SocketContext['actor']): void
	stop(): Promise<void>
}

function answer({ of, id }: RoomRef, version: number, entries: Room['entries']): Room {
	return { ...(of === 'doctor' ? { doctorId: id } : { siteId: id }), version, entries }
}
