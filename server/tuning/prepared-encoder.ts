/**
 * Puts JSON that was prepared once into packets as it is. Socket.IO's own encoder parses and serializes it again for each packet.
 *
 * What it brings, in turns on one machine: bench: fan-out, stampede.
 *
 * It writes packets of the Socket.IO protocol by hand (https://socket.io/docs/v4/socket-io-protocol/#packet-encoding).
 * `test/tuning/prepared-encoder.test.ts` fails when the library's own encoder writes them otherwise. Without this file every packet
 * has the same text.
 */
import { Encoder, type Packet, PacketType } from 'socket.io-parser'
import { PreparedJson } from '../platform/prepared-json.ts'

export class PreparedEncoder extends Encoder {
	override encode(packet: Packet): ReturnType<Encoder['encode']> {
		const payload: unknown = Array.isArray(packet.data) ? packet.data.at(-1) : undefined
		if (payload instanceof PreparedJson && packet.nsp === '/') {
			if (packet.type === PacketType.EVENT && packet.id === undefined) return [`${PacketType.EVENT}["${packet.data[0]}",${payload.text}]`]
			if (packet.type === PacketType.ACK) return [`${PacketType.ACK}${packet.id}[${payload.text}]`]
		}
		return super.encode(packet)
	}
}
