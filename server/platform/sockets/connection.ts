import type { IncomingMessage } from 'node:http'

/** What we use of Engine.IO's connections beyond what its types promise. */
export type Connection = {
	request: IncomingMessage
	writeBuffer: { data?: unknown }[]
	/** With a WebSocket in it, unless it polls. */
	transport: { socket?: { bufferedAmount: number; terminate(): void } }
	on(event: 'packet', listener: () => void): void
	once(event: 'close', listener: () => void): void
	close(discard: boolean): void
}

/** Ends a connection whose other side cannot be trusted to take part in closing it. */
export const cutOff = (connection: Connection): void => {
	const { socket } = connection.transport
	if (socket) socket.terminate()
	else connection.close(true)
}
