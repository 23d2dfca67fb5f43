import { isDeepStrictEqual } from 'node:util'
import type { Socket } from 'socket.io'
import type { Caller, CallerPolicy } from '../caller.ts'
import type { Log } from '../observability/log.ts'
import { Refusal } from '../refusal.ts'
import type { AuditFact } from '../security/audit.ts'
import { tooLarge } from './parser.ts'

/**
 * Keeps the callers of this node's sockets. Authority is read when a socket signs in, then every two seconds, and before an event
 * when the last read is too old, because the message that disconnects a socket may be lost. Each read updates the socket's rooms.
 */
export function createCallers<C extends Caller>(deps: CallerDeps<C>) {
	const { log, policy, rooms, authenticate, noteAccess, addressOf, maySignIn, countIn, maxSocketsPerAccount, sockets, changed } = deps

	const isRecorded = (caller: C | null) => caller !== null && policy.isReadingRecorded(caller)

	/** Sockets whose events wait for the next read. */
	let next: { sockets: Set<Socket>; read: Promise<void> } | undefined

	return { signIn, renew, prove, doubt, watch }

	/** Signs a connecting socket in. @throws Refusal for a bad token, or when the account has too many sockets here */
	async function signIn(socket: Socket, token: unknown): Promise<void> {
		const readAtMs = performance.now()
		const caller = await authenticate(tokenFrom(token))
		if (caller) refuseOneTooMany(caller)
		set(socket, caller, readAtMs)
	}

	function refuseOneTooMany({ userId }: C): void {
		if (maxSocketsPerAccount !== undefined && countIn(rooms.account(userId)) >= maxSocketsPerAccount) throw new Refusal('rate_limited')
	}

	function set(socket: Socket, caller: C | null, readAtMs: number): void {
		const before = callerOf<C>(socket)
		socket.data.caller = caller
		socket.data.authorityReadAtMs = readAtMs
		const due = roomsOf(caller)
		for (const room of roomsOf(before)) if (!due.includes(room)) void socket.leave(room)
		void socket.join(due)
		if (caller && isRecorded(caller) && !(isRecorded(before) && before?.userId === caller.userId)) noteFollowing(socket, caller)
	}

	function roomsOf(caller: C | null) {
		return caller ? [rooms.account(caller.userId), rooms.session(caller.sessionId), ...rooms.others(caller)] : []
	}

	/** Records a read, because this socket is now sent other people's records as they change. */
	function noteFollowing(socket: Socket, caller: C): void {
		const origin = { ip: addressOf(socket), requestId: socket.id }
		noteAccess({ actor: caller, origin, action: 'followed', entity: policy.followedEntity })
	}

	/**
	 * Signs an open socket in, or takes the next token of its account.
	 *
	 * @throws Refusal as `signIn`; rate_limited for too many attempts
	 */
	async function renew(socket: Socket, token: string): Promise<C> {
		if (!maySignIn(socket)) throw new Refusal('rate_limited', { retryAfterSeconds: 60 })
		const readAtMs = performance.now()
		const caller = await authenticate(token)
		if (!caller) throw new Refusal('unauthenticated')
		const before = callerOf<C>(socket)
		if (before && before.userId !== caller.userId) throw new Refusal('forbidden')
		if (!before) refuseOneTooMany(caller)
		set(socket, caller, readAtMs)
		if (!isSameAuthority(before, caller)) changed(socket)
		return caller
	}

	/**
	 * Makes sure that the authority of the socket's caller was read recently; undefined when it was. Sockets that ask in one turn of
	 * the event loop share a statement.
	 *
	 * @throws Refusal for a caller who must leave
	 */
	function prove(socket: Socket): Promise<void> | undefined {
		refuseWhoMustLeave(socket)
		if (!callerOf(socket) || ageOf(socket) <= maxAgeMs) return undefined
		// Events of one socket wait for the same reading, or a later event could overtake an earlier one.
		socket.data.proof ??= readNext(socket).finally(() => (socket.data.proof = undefined))
		return (socket.data.proof as Promise<void>).then(() => refuseWhoMustLeave(socket))
	}

	/** One statement reads all sockets that ask in one turn of the event loop. */
	function readNext(socket: Socket): Promise<void> {
		if (!next) {
			const asking = new Set<Socket>()
			const turnEnds = new Promise<void>(resolve => setImmediate(resolve))
			const read = turnEnds.then(() => {
				next = undefined
				return readAgain([...asking])
			})
			next = { sockets: asking, read }
		}
		next.sockets.add(socket)
		return next.read
	}

	function refuseWhoMustLeave(socket: Socket): void {
		const refusal: Refusal | undefined = socket.data.refusal
		if (refusal) throw refusal
	}

	async function readAgain(asked: readonly Socket[]): Promise<void> {
		for (let at = 0; at < asked.length; at += perRead) await readSome(asked.slice(at, at + perRead))
	}

	async function readSome(asked: readonly Socket[]): Promise<void> {
		const known = asked.flatMap(socket => {
			const caller = callerOf<C>(socket)
			return caller ? [{ socket, caller }] : []
		})
		const readAtMs = performance.now()
		const present = await deps.readAgain(known.map(({ caller }) => caller))
		for (const [index, { socket, caller }] of known.entries()) {
			// If the caller differs, the socket signed in again meanwhile and this read is outdated.
			if (callerOf(socket) === caller) follow(socket, caller, present[index] ?? null, readAtMs)
		}
	}

	function follow(socket: Socket, before: C, now: C | null | Refusal, readAtMs: number): void {
		if (now instanceof Refusal) {
			socket.data.refusal = now
			// Disconnects after the waiting events were answered.
			setImmediate(() => socket.disconnect(true))
			return
		}
		if (isSameAuthority(before, now)) {
			socket.data.authorityReadAtMs = readAtMs
			return
		}
		set(socket, now, readAtMs)
		changed(socket)
	}

	/**
	 * Reads the authority of a socket that has just reconnected, because its account may have changed before the socket could be
	 * disconnected.
	 */
	function doubt(socket: Socket): void {
		socket.data.authorityReadAtMs = Number.NEGATIVE_INFINITY
	}

	/** Reads authority before it is too old. @returns a function that stops this */
	function watch(): () => void {
		let reading = false
		const timer = setInterval(() => void look(), lookEveryMs)
		timer.unref()

		return () => clearInterval(timer)

		async function look() {
			const due: Socket[] = []
			for (const socket of sockets()) if (callerOf(socket) && ageOf(socket) > readAgainAfterMs && due.push(socket) === perRead) break
			if (reading || due.length === 0) return
			reading = true
			await readSome(due)
				.catch(error => log.debug({ reason: (error as Error).message }, 'authority of sockets could not be read'))
				.finally(() => (reading = false))
		}
	}
}

/** The rooms of a caller's sockets. */
export type CallerRooms<C extends Caller = Caller> = {
	account(userId: string): string
	session(sessionId: string): string
	/** The rooms that the caller shares with other accounts. */
	others(caller: C): readonly string[]
}

/** Reads callers again, in the given order. Returns null for a caller who is a stranger now, and a refusal for one who must leave. */
export type ReadAgain<C extends Caller> = (callers: readonly C[]) => Promise<(C | null | Refusal)[]>

export type CallerDeps<C extends Caller> = {
	log: Log
	policy: CallerPolicy<C>
	rooms: CallerRooms<C>
	/** Returns null for a socket without a token. @throws Refusal for a bad token */
	authenticate: (token: string | undefined) => Promise<C | null>
	readAgain: ReadAgain<C>
	noteAccess: (fact: AuditFact) => void
	addressOf: (socket: Socket) => string
	/** Whether the socket's connection may try to sign in again. */
	maySignIn: (socket: Socket) => boolean
	/** Counts this node's open sockets in a room. */
	countIn: (room: string) => number
	/** Undefined when limits are off. */
	maxSocketsPerAccount: number | undefined
	sockets: () => Iterable<Socket>
	/** Called when an open socket has another caller, or its caller has other rights. */
	changed: (socket: Socket) => void
}

/** An event is handled only if its caller's authority was read within this time. */
const maxAgeMs = 4000
/** Authority is read again after this time, so that most events need not wait for a read. */
const readAgainAfterMs = 2000
const lookEveryMs = 250
/** How many accounts one statement reads. */
const perRead = 1000

/** Returns the account that the socket is signed in as; null for a socket without one. */
export function callerOf<C extends Caller = Caller>(socket: Socket): C | null {
	return socket.data.caller ?? null
}

/** @throws Refusal payload_too_large for a token that is longer than any of ours */
function tokenFrom(token: unknown): string | undefined {
	if (token === tooLarge) throw new Refusal('payload_too_large')
	return typeof token === 'string' && token ? token : undefined
}

/** Whether nothing has changed but the time at which the token expires. */
function isSameAuthority<C extends Caller>(before: C | null, now: C | null): boolean {
	return isDeepStrictEqual({ ...before, tokenExpiresAtMs: 0 }, { ...now, tokenExpiresAtMs: 0 })
}

const ageOf = (socket: Socket): number => performance.now() - (socket.data.authorityReadAtMs ?? Number.NEGATIVE_INFINITY)
