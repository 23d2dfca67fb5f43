/**
 * Writes prepared JSON into packets unchanged. Socket.IO's own encoder would parse and serialize it for each packet.
 *
 * Benchmark: stampede, which takes 1.23 times as long without this file; fan-out, 1.05 times (docs/decisions/0006).
 *
 * This encoder writes packets of the Socket.IO protocol by hand (https://socket.io/docs/v4/socket-io-protocol/#packet-encoding).
 * `test/tuning/prepared-encoder.test.ts` fails when the library's own encoder writes them differently. Without this file every packet
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
