import { Decoder, type Encoder, type Packet, PacketType } from 'socket.io-parser'

/**
 * Builds a parser whose decoder bounds what a client can make the server keep. An oversized message keeps its event's name and its
 * acknowledgement, so that the client is answered instead of cut off. A handshake keeps its token only. A packet that makes no sense
 * throws, and Socket.IO closes its connection.
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
			// No event takes bytes: attachments are not waited for, and not kept.
			if (typeof message !== 'string') return
			this.#chars = message.length
			this.#decoder.add(withoutAttachments(message))
		}
	}
	return { Encoder: encoder, Decoder: LimitedDecoder }
}

/** Stands in for what a client sent over the limit: the payload of a message, or the token of a handshake. */
export const tooLarge = Symbol('too large')

/** There is one namespace, `/`. A client that asks for another is told so, in its own words. */
const maxNamespaceChars = 100

function bounded(packet: Packet, isTooLarge: boolean): Packet {
	if (packet.nsp.length > maxNamespaceChars) throw new Error('no such namespace')
	if (packet.type === PacketType.CONNECT) return { ...packet, data: tokenOnly(packet.data) }
	if (!isTooLarge || !Array.isArray(packet.data)) return packet
	return { ...packet, data: [packet.data[0], tooLarge] }
}

/** As long as the contract lets a token be. */
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

/** A packet that announces attachments becomes one that has none; placeholders for them are in its payload still. */
function withoutAttachments(message: string): string {
	const plainType = plainTypes[message.charAt(0)]
	return plainType === undefined ? message : message.replace(/^.\d*-/, String(plainType))
}
