import type { Caller } from '../caller.ts'
import type { Log } from '../observability/log.ts'
import { callerOf } from './caller-of.ts'
import { type Connection, cutOff } from './connection.ts'
import type { LiveServer } from './server.ts'

/** How long after its token a connection may go on listening: the time to hand in a new one. */
const expiredGraceMs = 60_000
/** How often is looked, and how much that waits to be read costs a socket its connection. */
const lookEveryMs = 5000
const maxBacklogBytes = 4_000_000

const sizeOf = (data: unknown) => (typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0)

/** What a client was sent and has not read: what its connection could not pass on yet, and what waits behind that. */
const backlogOf = ({ writeBuffer, transport }: Connection): number =>
	writeBuffer.reduce((bytes, { data }) => bytes + sizeOf(data), transport.socket?.bufferedAmount ?? 0)

/** Ends connections whose token ran out long ago, and those that do not read what they are sent. Gives back its stop. */
export const startReaper = (io: LiveServer, log: Log): (() => void) => {
	const isExpired = (caller: Caller | null) => caller && caller.tokenExpiresAtMs + expiredGraceMs < Date.now()
	const reaper = setInterval(() => {
		for (const socket of io.of('/').sockets.values()) {
			if (isExpired(callerOf(socket))) socket.disconnect(true)
			const connection = socket.conn as unknown as Connection
			if (backlogOf(connection) <= maxBacklogBytes) continue
			log.info({ socket: socket.id }, 'socket does not read; cut off')
			cutOff(connection)
		}
	}, lookEveryMs)
	reaper.unref()
	return () => clearInterval(reaper)
}
