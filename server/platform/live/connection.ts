import type { Socket as EngineConnection } from 'engine.io'

/** Ends a connection without the client's cooperation. */
export function cutOff(connection: EngineConnection): void {
	const { socket } = internalsOf(connection).transport
	if (socket) socket.terminate()
	else connection.close(true)
}

/** Bytes that a client was sent and has not read: those that its connection could not pass on yet, and those that wait behind them. */
export function backlogOf(connection: EngineConnection): number {
	const { writeBuffer, transport } = internalsOf(connection)
	return writeBuffer.reduce((bytes, { data }) => bytes + sizeOf(data), transport.socket?.bufferedAmount ?? 0)
}

/** What the server needs of Engine.IO's connections beyond their types, to protect itself from clients that do not cooperate. */
type Connection = {
	writeBuffer: { data?: unknown }[]
	transport: {
		/** Undefined while the connection polls. */
		socket?: { bufferedAmount: number; terminate(): void }
	}
}

const internalsOf = (connection: EngineConnection) => connection as unknown as Connection

const sizeOf = (data: unknown) => (typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0)
