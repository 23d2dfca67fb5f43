import { expect } from 'chai'
import { Encoder, type Packet, PacketType } from 'socket.io-parser'
import { PreparedJson } from '../../server/platform/prepared-json.ts'
import { PreparedEncoder } from '../../server/tuning/prepared-encoder.ts'

describe('the encoder of prepared JSON', () => {
	const tuned = new PreparedEncoder()
	const plain = new Encoder()

	const payload = { doctorId: '1', changes: ['naïve “ß” \u2028'], nothing: null }
	const prepared = new PreparedJson(JSON.stringify(payload))
	const event = (data: unknown, nsp = '/', id?: number): Packet => ({
		type: PacketType.EVENT,
		nsp,
		data: ['calendar:changed', data],
		...(id !== undefined && { id }),
	})
	const ack = (data: unknown, nsp = '/'): Packet => ({ type: PacketType.ACK, nsp, id: 12, data: [data] })

	it('writes prepared JSON as Socket.IO’s own encoder writes the value', () => {
		for (const [ours, theirs] of [
			[event(prepared), event(payload)],
			[ack(prepared), ack(payload)],
			[event(prepared, '/desk'), event(payload, '/desk')],
			[event(prepared, '/', 3), event(payload, '/', 3)],
			[ack(prepared, '/desk'), ack(payload, '/desk')],
		] as const)
			expect(tuned.encode(ours)).to.deep.equal(plain.encode(theirs))
	})

	it('writes the same text as Socket.IO’s own encoder, so that it can be left out', () => {
		for (const packet of [event(prepared), ack(prepared)]) expect(plain.encode(packet)).to.deep.equal(tuned.encode(packet))
	})

	const others: Packet[] = [
		{ type: PacketType.CONNECT, nsp: '/', data: { sid: 'abc' } },
		{ type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no', data: { code: 'account_disabled' } } },
		{ type: PacketType.DISCONNECT, nsp: '/' },
		event({ doctorId: '1', changes: [{ id: '1-2', state: 'free', version: 3 }] }),
		ack({ ok: true, nothing: null, left: undefined }),
	]
	for (const packet of others) {
		it(`leaves ${PacketType[packet.type]} to Socket.IO’s own encoder`, () => {
			expect(tuned.encode(packet)).to.deep.equal(plain.encode(packet))
		})
	}
})
