import type { Server as HttpServer } from 'node:http'
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter'
import { Cluster, type Redis as SingleRedis } from 'ioredis'
import { Server, type Socket } from 'socket.io'
import type { ClientToServer, ServerToClient } from '../../../contract/index.ts'
import type { Actor } from '../../identity/actor.ts'
import type { Log } from '../observability/log.ts'
import { noTracer, type Tracer } from '../observability/tracer.ts'
import { PreparedJson } from '../prepared-json.ts'
import type { Redis } from '../redis/redis.ts'
import type { SingleSubscriber, Subscriber } from '../redis/subscriber.ts'
import { Refusal } from '../refusal.ts'
import type { AuditFact } from '../security/audit.ts'
import type { IsOwnPage } from '../security/own-pages.ts'
import type { Limiter } from '../security/rate-limit.ts'
import { type Connection, cutOff, writeTogether } from './connection.ts'
import { createDoor } from './door.ts'
import { createDraining } from './draining.ts'
import { createDispatch, type EventHandlers } from './events.ts'
import { clientOf } from './handshake.ts'
import { createLimitedParser } from './parser.ts'
import { startReaper } from './reaper.ts'
import { createTurns, type EventLimits } from './turns.ts'

export type LiveServer = Server<ClientToServer, ServerToClient>

/** And connections that arrive, by address. */
export type SocketLimits = EventLimits & { arrivals: Limiter }

export type SocketDeps = {
	publisher: Redis
	subscriber: Subscriber
	log: Log
	corsOrigins: readonly string[]
	isOwnPage: IsOwnPage
	trustedProxies: number
	/** Undefined when limits are off. */
	limits: SocketLimits | undefined
	/** How long a connection may take to say who it is. */
	connectTimeoutMs: number
	noteAccess: (fact: AuditFact) => void
	/** @throws Refusal when the token is bad; null for a socket without one */
	authenticate: (token: string | undefined) => Promise<Actor | null>
	observe: (event: string, outcome: string, ms: number) => void
	tracer?: Tracer
}

export type Sockets = {
	io: LiveServer
	/** Starts to take connections, beside the requests that the server answers already. */
	attach(http: HttpServer): void
	/** Starts to answer. Handlers come late because they need `io` themselves. */
	serve(handlers: EventHandlers, hooks: { connected(socket: Socket): void; disconnected(socket: Socket): void }): void
	setActor(socket: Socket, actor: Actor): void
	/** Cuts the sockets of an account off, on every node: all, those of one session, or those of all but one. */
	cutOff(userId: string, which?: { only?: string; except?: string }): void
	/** From now on events are answered with a request to come back: the node is stopping. */
	drain(): void
	close(): Promise<void>
}

/** Stands in for an event's payload, which it is the JSON of: encoded once, however many are told. */
export const preparedPayload = <E extends keyof ServerToClient>(json: string) =>
	new PreparedJson(json) as unknown as Parameters<ServerToClient[E]>[0]

export const userRoom = (userId: string) => `user:${userId}`
export const staffRoom = 'staff'
const sessionRoom = (sessionId: string) => `session:${sessionId}`

const maxPayloadChars = 100_000
/** Above this the transport gives up on a message; below it the sender still gets an answer. */
const maxMessageBytes = 2_000_000

/** An account works in a few tabs and devices. */
const maxSocketsPerAccount = 100

/** How long a closing node waits for answers that are still being worked on. */
const unansweredMs = 2000

const adapterCommands: ReadonlySet<PropertyKey> = new Set(['publish', 'subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe'])

/**
 * The adapter looks after none of its commands. A message that Redis does not take is lost, as are all that a subscriber misses,
 * and channels end with their connection; none of it must end the process as a promise that nobody hears of.
 */
const lookedAfter = (connection: SingleRedis, log: Log): SingleRedis =>
	new Proxy(connection, {
		get(target, name) {
			const value = Reflect.get(target, name)
			if (typeof value !== 'function') return value
			if (!adapterCommands.has(name)) return value.bind(target)
			return (...args: unknown[]) =>
				value.apply(target, args).catch((error: Error) => log.debug({ reason: error.message }, `socket adapter: ${String(name)}`))
		},
	})

/**
 * What is said to all nodes goes over one channel; in a cluster it lives at one master instead of passing all of them.
 * Rooms get no channels of their own: calendars' rooms do not cross nodes, and what does goes to several rooms at once.
 */
const adapterFor = (publisher: Redis, subscriber: Subscriber, log: Log) =>
	publisher instanceof Cluster
		? createShardedAdapter(publisher, subscriber, { channelPrefix: 'liveslot', subscriptionMode: 'static' })
		: createAdapter(lookedAfter(publisher, log), lookedAfter(subscriber as SingleSubscriber, log), {
				key: 'liveslot',
				requestsTimeout: 3000,
			})

/** The Socket.IO side of a node. */
export const createSockets = (deps: SocketDeps): Sockets => {
	const { publisher, subscriber, log, corsOrigins, trustedProxies, limits, noteAccess, authenticate, observe, tracer = noTracer } = deps
	const ipOf = ({ handshake }: Socket) => clientOf(handshake, trustedProxies)
	const door = createDoor({ isOwnPage: deps.isOwnPage, trustedProxies, arrivals: limits?.arrivals })
	const takeTurn = limits && createTurns(limits, ipOf)
	const io: LiveServer = new Server({
		serveClient: false,
		maxHttpBufferSize: maxMessageBytes,
		pingInterval: 25_000,
		pingTimeout: 20_000,
		connectTimeout: deps.connectTimeoutMs,
		allowRequest: door.allowRequest,
		parser: createLimitedParser(maxPayloadChars),
		adapter: adapterFor(publisher, subscriber, log),
		...(corsOrigins.length > 0 && { cors: { origin: [...corsOrigins], credentials: true } }),
	})
	io.of('/').adapter.on('error', error => log.warn({ reason: error.message }, 'socket adapter'))

	/** From now on everything that happens to the clinic's appointments, or to a doctor's own, is told to this connection. */
	const noteFollowing = (socket: Socket, actor: Actor) =>
		noteAccess({ actor, origin: { ip: ipOf(socket), requestId: socket.id }, action: 'followed', entity: 'appointment' })

	const setActor = (socket: Socket, actor: Actor | null) => {
		const before: Actor | null | undefined = socket.data.actor
		if (actor && actor.role !== 'patient' && before?.userId !== actor.userId) noteFollowing(socket, actor)
		socket.data.actor = actor
		if (before && before.sessionId !== actor?.sessionId) void socket.leave(sessionRoom(before.sessionId))
		if (!actor) return
		void socket.join([userRoom(actor.userId), sessionRoom(actor.sessionId)])
		if (actor.status === 'active' && (actor.role === 'receptionist' || actor.role === 'admin')) void socket.join(staffRoom)
	}

	io.use(async (socket, next) => {
		if (!door.maySignIn(socket.conn)) return cutOff(socket.conn as unknown as Connection)
		try {
			const { token } = socket.handshake.auth as { token?: unknown }
			const actor = await authenticate(typeof token === 'string' && token ? token : undefined)
			if (limits && actor && (io.of('/').adapter.rooms.get(userRoom(actor.userId))?.size ?? 0) >= maxSocketsPerAccount)
				throw new Refusal('rate_limited')
			setActor(socket, actor)
			next()
		} catch (error) {
			const code = error instanceof Refusal ? error.code : 'booking_pending'
			if (!(error instanceof Refusal)) log.warn({ reason: (error as Error).message }, 'handshake failed')
			// Socket.IO hands `data` to the client's connect_error.
			next(Object.assign(new Error(code), { data: { code } }))
		}
	})

	const draining = createDraining()

	/** An account may be disabled, or its session ended, while its handshake is on its way, too early to be cut off. In its room, it is looked at once more. */
	const checkAgain = async (socket: Socket) => {
		const { token } = socket.handshake.auth as { token?: unknown }
		if (typeof token !== 'string' || !token) return
		try {
			await authenticate(token)
		} catch (error) {
			if (error instanceof Refusal) socket.disconnect(true)
		}
	}

	const stopReaper = startReaper(io, log)

	return {
		io,
		setActor,
		attach(http) {
			io.attach(http)
			door.watch(io.engine)
			io.engine.on('connection', writeTogether)
		},
		serve(handlers, { connected, disconnected }) {
			const dispatch = createDispatch({
				handlers,
				log,
				observe,
				tracer,
				actorOf: socket => socket.data.actor ?? null,
				ipOf,
				limit: socket => {
					if (draining.isOn())
						throw new Refusal('booking_pending', { message: 'This node is stopping; connect again', retryAfterSeconds: 1 })
					return takeTurn?.(socket)
				},
				noteAccess,
				asked: draining.asked,
				answered: draining.answered,
			})
			io.on('connection', socket => {
				// What is needed of the first HTTP request is in the handshake; kept, the rest is most of an idle socket's memory.
				// See https://socket.io/docs/v4/memory-usage/
				Object.assign(socket.conn, { request: null })
				connected(socket as Socket)
				void checkAgain(socket as Socket)
				socket.onAny((event: string, ...args: unknown[]) => dispatch(socket as Socket, event, args))
				socket.on('disconnect', () => disconnected(socket as Socket))
			})
		},
		drain: () => void draining.start(io.of('/').sockets.values() as Iterable<Socket>),
		cutOff: (userId, { only, except } = {}) => {
			const meant = io.in(only ? sessionRoom(only) : userRoom(userId))
			;(except ? meant.except(sessionRoom(except)) : meant).disconnectSockets(true)
		},
		close: async () => {
			await draining.end(unansweredMs)
			stopReaper()
			// Closes every connection; clients come back to another node by themselves.
			await new Promise<void>(resolve => void io.close(() => resolve()))
		},
	}
}
