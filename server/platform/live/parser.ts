import { Decoder, type Encoder, type Packet, PacketType } from 'socket.io-parser'

/**
 * Builds a parser whose decoder limits how much a client can make the server keep. Of an oversized message it keeps the event's name
 * and the acknowledgement's number, so that the client gets an answer instead of a disconnect. Of a handshake it keeps only the
 * token. It throws on a malformed packet, and Socket.IO then closes the connection.
 *
 * See https://socket.io/docs/v4/custom-parser/
 */
export function createLimitedParser(maxChars: number, encoder: typeof Encoder) {
	class LimitedDecoder extends Decoder {
		readonly #decoder = new Decoder()
		#chars = 0

		constructor() {
			super()
			this.#decoder.on('decoded', packet => this.emitReserved('decoded', bounded(packet, this.#chars > maxChars)))
		}

		override add(message: unknown): void {
			// No event takes bytes, so attachments are neither awaited nor kept.
			if (typeof message !== 'string') return
			this.#chars = message.length
			this.#decoder.add(withoutAttachments(message))
		}
	}
	return { Encoder: encoder, Decoder: LimitedDecoder }
}

/** Replaces text over the limit: the payload of a message, or the token of a handshake. */
export const tooLarge = Symbol('too large')

/** `/` is the only namespace. The refusal to a client that asks for another repeats the name, up to this length. */
const maxNamespaceChars = 100

function bounded(packet: Packet, isTooLarge: boolean): Packet {
	if (packet.nsp.length > maxNamespaceChars) throw new Error('no such namespace')
	if (packet.type === PacketType.CONNECT) return { ...packet, data: tokenOnly(packet.data) }
	if (!isTooLarge || !Array.isArray(packet.data)) return packet
	return { ...packet, data: [packet.data[0], tooLarge] }
}

/** The length that the contract allows for a token. */
const maxTokenChars = 4096

function tokenOnly(auth: { token?: unknown } | undefined): { token?: unknown } {
	const token = auth?.token
	if (typeof token !== 'string') return {}
	return { token: token.length > maxTokenChars ? tooLarge : token }
}

const plainTypes: Record<string, PacketType | undefined> = {
	[PacketType.BINARY_EVENT]: PacketType.EVENT,
	[PacketType.BINARY_ACK]: PacketType.ACK,
}

/** Turns a packet that announces attachments into one without. Their placeholders stay in its payload. */
function withoutAttachments(message: string): string {
	const plainType = plainTypes[message.charAt(0)]
	return plainType === undefined ? message : message.replace(/^.\d*-/, String(plainType))
}
