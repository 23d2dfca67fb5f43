import { expect } from 'chai'
import { Encoder, type Packet, PacketType } from 'socket.io-parser'
import { createLimitedParser } from '../../server/platform/live/parser.ts'
import { PreparedJson } from '../../server/platform/prepared-json.ts'

describe('the parser of sockets', () => {
	const ours = new (createLimitedParser(1000).Encoder)()
	const theirs = new Encoder()

	const packets: Packet[] = [
		{ type: PacketType.CONNECT, nsp: '/', data: { sid: 'abc' } },
		{ type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no', data: { code: 'account_disabled' } } },
		{ type: PacketType.DISCONNECT, nsp: '/' },
		{
			type: PacketType.EVENT,
			nsp: '/',
			data: ['calendar:changed', { doctorId: '1', changes: [{ id: '1-2', state: 'free', version: 3 }] }],
		},
		{ type: PacketType.ACK, nsp: '/', id: 12, data: [{ ok: true, text: 'naïve “ß” \u2028', nothing: null, left: undefined }] },
	]

	it('says what was prepared as if it had not been', () => {
		const payload = { doctorId: '1', changes: ['“ß”'] }
		const event = (data: unknown): Packet => ({ type: PacketType.EVENT, nsp: '/', data: ['calendar:changed', data] })
		const prepared = new PreparedJson(JSON.stringify(payload))
		expect(ours.encode(event(prepared))).to.deep.equal(theirs.encode(event(payload)))
		const ack = (data: unknown): Packet => ({ type: PacketType.ACK, nsp: '/', id: 12, data: [data] })
		expect(ours.encode(ack(prepared))).to.deep.equal(theirs.encode(ack(payload)))
	})

	for (const packet of packets) {
		it(`says ${PacketType[packet.type]} as Socket.IO’s own does`, () => {
			expect(ours.encode(packet)).to.deep.equal(theirs.encode(packet))
		})
	}
})
