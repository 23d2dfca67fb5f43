import type { Socket as EngineConnection } from 'engine.io'
import type { Socket } from 'socket.io'
import type { Log } from '../observability/log.ts'
import { callerOf } from './callers.ts'

/** Ends a connection without waiting for the client. */
export function cutOff(connection: EngineConnection): void {
	const { socket } = internalsOf(connection).transport
	if (socket) socket.terminate()
	else connection.close(true)
}

/** Returns how many bytes the client has not read: those that its connection could not send yet, and the packets behind them. */
export function backlogOf(connection: EngineConnection): number {
	const { writeBuffer, transport } = internalsOf(connection)
	return writeBuffer.reduce((bytes, { data }) => bytes + sizeOf(data), transport.socket?.bufferedAmount ?? 0)
}

/** The parts of Engine.IO's connections beyond their types that protect the server from clients which do not cooperate. */
type Connection = {
	writeBuffer: { data?: unknown }[]
	transport: {
		/** Undefined while the connection polls. */
		socket?: { bufferedAmount: number; terminate(): void }
	}
}

const internalsOf = (connection: EngineConnection) => connection as unknown as Connection

const sizeOf = (data: unknown) => (typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0)

/** How long a connection may stay open after its token has expired, as time to send a new one. */
const expiredGraceMs = 60_000
const lookEveryMs = 5000
/** A socket with this many unread bytes is disconnected. */
const maxBacklogBytes = 4_000_000

/** Ends connections whose token expired long ago, and those of clients that do not read. @returns a function that stops this */
export function endOverdueConnections(sockets: () => Iterable<Socket>, log: Log): () => void {
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
