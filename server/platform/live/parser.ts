import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser'
import { PreparedJson } from '../prepared-json.ts'

/** Stands in for the payload of a message that was over the limit. */
export const tooLarge = Symbol('too large')

type DecodesStrings = { decodeString(text: string): Packet }
type EncodesStrings = { encodeAsString(packet: Packet): string }

/** Nothing that is sent has bytes in it, so that nothing is searched for them. What was prepared is not encoded again. */
class BytelessEncoder extends Encoder {
	override encode(packet: Packet): string[] {
		const payload: unknown = Array.isArray(packet.data) ? packet.data.at(-1) : undefined
		if (payload instanceof PreparedJson) {
			if (packet.type === PacketType.EVENT) return [`${PacketType.EVENT}["${packet.data[0]}",${payload.text}]`]
			if (packet.type === PacketType.ACK) return [`${PacketType.ACK}${packet.id}[${payload.text}]`]
		}
		return [(this as unknown as EncodesStrings).encodeAsString(packet)]
	}
}

/**
 * Builds a parser that keeps the event's name and acknowledgement of an oversized message but drops its payload, so
 * that the sender is told instead of cut off.
 */
export const createLimitedParser = (maxChars: number) => {
	class LimitedDecoder extends Decoder {}
	const { decodeString } = Decoder.prototype as unknown as DecodesStrings
	Object.assign(LimitedDecoder.prototype, {
		decodeString(this: Decoder, text: string) {
			const packet = decodeString.call(this, text)
			if (text.length > maxChars && Array.isArray(packet.data)) packet.data = [packet.data[0], tooLarge]
			return packet
		},
	})
	return { Encoder: BytelessEncoder, Decoder: LimitedDecoder }
}
