import type { Server as HttpServer } from 'node:http'
import type { Socket as EngineConnection } from 'engine.io'
import { Server, type Socket } from 'socket.io'
import { Encoder } from 'socket.io-parser'
import type { ClientToServer, ServerToClient } from '../../../contract/index.ts'
import type { Caller, CallerPolicy } from '../caller.ts'
import type { Log } from '../observability/log.ts'
import { noTracer, type Tracer } from '../observability/tracer.ts'
import { PreparedJson } from '../prepared-json.ts'
import type { Redis } from '../redis/redis.ts'
import type { Subscriber } from '../redis/subscriber.ts'
import { Refusal } from '../refusal.ts'
import type { AuditFact } from '../security/audit.ts'
import type { MeasureAnswer } from '../security/long-answers.ts'
import type { IsOwnPage } from '../security/own-pages.ts'
import type { Limiter } from '../security/rate-limit.ts'
import { adapterFor } from './adapter.ts'
import { type CallerRooms, createCallers, type ReadAgain } from './callers.ts'
import { cutOff, endOverdueConnections } from './connection.ts'
import { createDispatch, type EventHandlers, type ShareRefusals } from './dispatch.ts'
import { createDoor } from './door.ts'
import { createDraining } from './draining.ts'
import { createEventLimit, type EventLimits } from './event-limits.ts'
import { createLimitedParser } from './parser.ts'

/** The Socket.IO side of a node. */
export function createSockets<C extends Caller>(deps: SocketDeps<C>): Sockets<C> {
	const { publisher, subscriber, log, corsOrigins, trustedProxies, limits, policy, rooms, tuning = {} } = deps
	const door = createDoor({ isOwnPage: deps.isOwnPage, trustedProxies, arrivals: limits?.arrivals })
	const io: LiveServer = new Server({
		serveClient: false,
		maxHttpBufferSize: maxMessageBytes,
		pingInterval: 25_000,
		pingTimeout: 20_000,
		connectTimeout: deps.connectTimeoutMs,
		allowRequest: door.allowRequest,
		parser: createLimitedParser(maxPayloadChars, tuning.encoder ?? Encoder),
		adapter: adapterFor(publisher, subscriber, log),
		...(corsOrigins.length > 0 && { cors: { origin: [...corsOrigins], credentials: true } }),
	})
	const all = io.of('/')
	const sockets = () => all.sockets.values() as Iterable<Socket>
	const addressOf = (socket: Socket) => door.addressOf(socket.conn)
	let hooks: SocketHooks | undefined

	const callers = createCallers({
		log,
		policy,
		rooms,
		authenticate: deps.authenticate,
		readAgain: deps.readAgain,
		noteAccess: deps.noteAccess,
		addressOf,
		maySignIn: socket => door.maySignIn(socket.conn),
		countIn: room => all.adapter.rooms.get(room)?.size ?? 0,
		maxSocketsPerAccount: limits && maxSocketsPerAccount,
		sockets,
		changed: socket => hooks?.callerChanged(socket),
	})
	const draining = createDraining()
	const limitEvent = limits && createEventLimit(limits, addressOf)
	const stops = [endOverdueConnections(sockets, log), callers.watch()]

	all.adapter.on('error', error => log.warn({ reason: error.message }, 'socket adapter'))

	io.use(async (socket, next) => {
		if (!door.maySignIn(socket.conn)) return cutOff(socket.conn)
		try {
			await callers.signIn(socket as Socket, socket.handshake.auth.token)
			next()
		} catch (error) {
			const code = error instanceof Refusal ? error.code : 'booking_pending'
			if (!(error instanceof Refusal)) log.warn({ reason: (error as Error).message }, 'handshake failed')
			// Socket.IO passes `data` to the client's connect_error.
			next(Object.assign(new Error(code), { data: { code } }))
		}
	})

	return {
		io,
		attach(http) {
			io.attach(http)
			door.watch(io.engine)
			if (tuning.connection) io.engine.on('connection', tuning.connection)
		},
		serve(handlers, { connected, disconnected, callerChanged }) {
			hooks = { connected, disconnected, callerChanged }
			const dispatch = createDispatch({
				handlers,
				policy,
				log,
				observe: deps.observe,
				tracer: deps.tracer ?? noTracer,
				addressOf,
				limit: socket => {
					draining.refuseWhenOn()
					return limitEvent?.(socket)
				},
				prove: callers.prove,
				longAnswer: limits?.longAnswer,
				noteAccess: deps.noteAccess,
				asked: draining.asked,
				answered: draining.answered,
				share: tuning.refusals,
			})
			io.on('connection', anySocket => {
				const socket = anySocket as Socket
				// The token has been read and is not needed any more.
				socket.handshake.auth = {}
				connected(socket)
				callers.doubt(socket)
				socket.onAny((event: string, ...args: unknown[]) => dispatch(socket, event, args))
				socket.on('disconnect', () => disconnected(socket))
			})
		},
		renew: callers.renew,
		drain: () => void draining.start(sockets()),
		cutOff: (userId, { only, except } = {}) => {
			const meant = io.in(only ? rooms.session(only) : rooms.account(userId))
			;(except ? meant.except(rooms.session(except)) : meant).disconnectSockets(true)
		},
		close: async () => {
			await draining.end(unansweredMs)
			for (const stop of stops) stop()
			// Closes every connection. Clients reconnect to another node by themselves.
			await new Promise<void>(resolve => void io.close(() => resolve()))
		},
	}
}

/** The limits of events, and of new connections by address. */
export type SocketLimits = EventLimits & { arrivals: Limiter; longAnswer?: MeasureAnswer }

/** Parts that only make sockets faster. */
export type SocketTuning = {
	/** Prepares a connection when it opens. */
	connection?: (connection: EngineConnection) => void
	encoder?: typeof Encoder
	refusals?: ShareRefusals
}

export type LiveServer = Server<ClientToServer, ServerToClient>

export type SocketDeps<C extends Caller = Caller> = {
	publisher: Redis
	subscriber: Subscriber
	log: Log
	corsOrigins: readonly string[]
	isOwnPage: IsOwnPage
	trustedProxies: number
	/** Undefined when limits are off. */
	limits: SocketLimits | undefined
	/** How long a new connection may take to say what it wants. */
	connectTimeoutMs: number
	noteAccess: (fact: AuditFact) => void
	/** Returns null for a socket without a token. @throws Refusal for a bad token */
	authenticate: (token: string | undefined) => Promise<C | null>
	readAgain: ReadAgain<C>
	policy: CallerPolicy<C>
	rooms: CallerRooms<C>
	/** Called when each event has ended. */
	observe: (event: string, outcome: string, ms: number) => void
	tracer?: Tracer
	tuning?: SocketTuning
}

export type SocketHooks = {
	connected(socket: Socket): void
	disconnected(socket: Socket): void
	/** Called when the socket has another caller, or its caller has other rights. */
	callerChanged(socket: Socket): void
}

export type Sockets<C extends Caller = Caller> = {
	io: LiveServer
	/** Starts to accept connections on a server that already answers requests. */
	attach(http: HttpServer): void
	/** Starts to answer events. Handlers are passed here because they need `io` themselves. */
	serve(handlers: EventHandlers<C>, hooks: SocketHooks): void
	/** Signs an open socket in, or takes the next token of its account. @throws Refusal */
	renew(socket: Socket, token: string): Promise<C>
	/** Disconnects an account's sockets on every node: all, those of one session, or all except those of one session. */
	cutOff(userId: string, which?: { only?: string; except?: string }): void
	/** Prepares to stop: refuses events with `booking_pending` from now on, and sends sockets to other nodes. */
	drain(): void
	close(): Promise<void>
}

const maxPayloadChars = 100_000
/** Above this size the transport ends the connection; below it the client still gets an answer. */
const maxMessageBytes = 2_000_000

/** A person uses a few tabs and devices. */
const maxSocketsPerAccount = 100

/** How long a closing node waits for unfinished answers. */
const unansweredMs = 2000

/** Returns prepared JSON in place of an event's payload, so that it is encoded once for all sockets. */
export function preparedPayload<E extends keyof ServerToClient>(json: string) {
	return new PreparedJson(json) as unknown as Parameters<ServerToClient[E]>[0]
}
