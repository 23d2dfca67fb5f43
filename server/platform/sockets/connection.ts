import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** A frame for many sockets is shared by them: its header and its content. */
type Sent = { options?: { wsPreEncodedFrame?: Buffer[] } }

type Transport = {
	socket?: { bufferedAmount: number; terminate(): void; _socket?: Duplex }
	send(packets: Sent[]): void
}

/** What we use of Engine.IO's connections beyond what its types promise. */
export type Connection = {
	request: IncomingMessage
	writeBuffer: { data?: unknown }[]
	/** With a WebSocket in it, unless it polls. */
	transport: Transport
	on(event: 'packet', listener: () => void): void
	on(event: 'upgrade', listener: (transport: Transport) => void): void
	once(event: 'close', listener: () => void): void
	close(discard: boolean): void
}

/** Ends a connection whose other side cannot be trusted to take part in closing it. */
export const cutOff = (connection: Connection): void => {
	const { socket } = connection.transport
	if (socket) socket.terminate()
	else connection.close(true)
}

function sendTogether(this: Transport, packets: Sent[]): void {
	// Each of the sockets that share a frame would write its two pieces.
	for (const { options } of packets) {
		const frame = options?.wsPreEncodedFrame
		if (frame && frame.length > 1) frame.splice(0, frame.length, Buffer.concat(frame))
	}
	const { send } = Object.getPrototypeOf(this) as Transport
	const stream = packets.length > 1 ? this.socket?._socket : undefined
	stream?.cork()
	send.call(this, packets)
	stream?.uncork()
}

/** Packets that a WebSocket is given together go to the kernel in one write; Engine.IO writes each by itself. */
export const writeTogether = (connection: Connection): void => {
	const prepare = (transport: Transport) => {
		if (transport.socket) transport.send = sendTogether
	}
	prepare(connection.transport)
	connection.on('upgrade', prepare)
}
