import type { Socket } from 'socket.io'
import type { Log } from '../observability/log.ts'
import { callerOf } from './callers.ts'
import { backlogOf, cutOff } from './connection.ts'

/** How long after its token a connection may go on listening: the time to hand in a new one. */
const expiredGraceMs = 60_000
const lookEveryMs = 5000
/** Unread bytes that cost a socket its connection. */
const maxBacklogBytes = 4_000_000

/** Ends connections whose token ran out long ago, and those that do not read what they are sent. Gives back its stop. */
export function startReaper(sockets: () => Iterable<Socket>, log: Log): () => void {
	const timer = setInterval(() => {
		for (const socket of sockets()) {
			if (isExpired(socket)) socket.disconnect(true)
			if (backlogOf(socket.conn) <= maxBacklogBytes) continue
			log.info({ socket: socket.id }, 'socket does not read; cut off')
			cutOff(socket.conn)
		}
	}, lookEveryMs)
	timer.unref()
	return () => clearInterval(timer)
}

function isExpired(socket: Socket): boolean {
	const caller = callerOf(socket)
	return caller !== null && caller.tokenExpiresAtMs + expiredGraceMs < Date.now()
}
