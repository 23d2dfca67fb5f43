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
	flush(): void
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

/** Connections with packets that are not on their way yet. */
let unflushed = new Set<Connection>()

const flushAll = () => {
	const connections = unflushed
	// Before the first of them: were one to throw, the next turn's would still leave.
	unflushed = new Set()
	for (const connection of connections) {
		const { flush } = Object.getPrototypeOf(connection) as Connection
		flush.call(connection)
	}
}

function flushSoon(this: Connection): void {
	if (unflushed.size === 0) process.nextTick(flushAll)
	unflushed.add(this)
}

/**
 * Packets that a connection gets in one go leave in one write to the kernel: when all that is ready to run has run. Engine.IO
 * writes the first as soon as it comes, and each by itself.
 */
export const writeTogether = (connection: Connection): void => {
	const prepare = (transport: Transport) => {
		if (transport.socket) transport.send = sendTogether
	}
	prepare(connection.transport)
	connection.on('upgrade', prepare)
	connection.flush = flushSoon
}
