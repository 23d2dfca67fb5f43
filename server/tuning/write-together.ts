/**
 * Writes the packets that a connection gets in one turn of the event loop to the kernel together. Engine.IO would write the first
 * packet at once, and each of the others separately.
 *
 * Benchmark: stampede, which takes 1.15 times as long without this file; fan-out shows no difference (docs/decisions/0006).
 *
 * This file replaces `flush` of Engine.IO's connections and `send` of their WebSocket transports, and reads `wsPreEncodedFrame` of
 * packets and `_socket` of WebSockets. `test/tuning/write-together.test.ts` fails when an upgrade changes any of them. Without this
 * file every packet still arrives, in the same order.
 */
import type { Duplex } from 'node:stream'
import type { Socket as EngineConnection } from 'engine.io'

/** Prepares a connection when it opens. */
export function writeTogether(engineConnection: EngineConnection): void {
	const connection = engineConnection as unknown as Connection
	sendTogetherOver(connection.transport)
	connection.on('upgrade', sendTogetherOver)
	connection.flush = flushSoon
}

type Connection = {
	transport: Transport
	flush(): void
	on(event: 'upgrade', listener: (transport: Transport) => void): void
}

type Transport = {
	/** Undefined while the connection polls. */
	socket?: { _socket?: Duplex }
	send(packets: Sent[]): void
}

/** A frame that many sockets share: its header and its content. */
type Sent = { options?: { wsPreEncodedFrame?: Buffer[] } }

function sendTogetherOver(transport: Transport): void {
	if (transport.socket) transport.send = sendTogether
}

function sendTogether(this: Transport, packets: Sent[]): void {
	// Joins header and content once, because each socket that shares the frame would write them as two pieces.
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

/** Connections with packets that were not written yet. */
let unflushed = new Set<Connection>()

function flushSoon(this: Connection): void {
	if (unflushed.size === 0) process.nextTick(flushAll)
	unflushed.add(this)
}

function flushAll(): void {
	const connections = unflushed
	// Replaced before the loop, so that packets of the next turn still leave if a connection throws.
	unflushed = new Set()
	for (const connection of connections) {
		const { flush } = Object.getPrototypeOf(connection) as Connection
		flush.call(connection)
	}
}
