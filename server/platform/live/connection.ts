import type { Socket as EngineConnection } from 'engine.io'

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
