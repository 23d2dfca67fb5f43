import type { Socket } from 'socket.io'
import type { Log } from '../observability/log.ts'
import { callerOf } from './callers.ts'
import { backlogOf, cutOff } from './connection.ts'

/** How long a connection may stay open after its token has expired, as time to send a new one. */
const expiredGraceMs = 60_000
const lookEveryMs = 5000
/** A socket with this many unread bytes is disconnected. */
const maxBacklogBytes = 4_000_000

/** Ends connections whose token expired long ago, and those of clients that do not read. @returns a function that stops this */
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
