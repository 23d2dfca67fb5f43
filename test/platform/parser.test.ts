import { expect } from 'chai'
import { Encoder, type Packet, PacketType } from 'socket.io-parser'
import { createLimitedParser, tooLarge } from '../../server/platform/live/parser.ts'

describe('the parser of sockets', () => {
	const { Decoder } = createLimitedParser(1000, Encoder)

	const decode = (...messages: (string | Buffer)[]): Packet[] => {
		const decoder = new Decoder()
		const packets: Packet[] = []
		decoder.on('decoded', packet => void packets.push(packet))
		for (const message of messages) decoder.add(message)
		return packets
	}

	it('keeps only the token of a handshake', () => {
		const [packet] = decode(`0${JSON.stringify({ token: 'abc', pid: 'x'.repeat(1_900_000), more: { deep: [] } })}`)
		expect(packet).to.deep.include({ type: PacketType.CONNECT, data: { token: 'abc' } })
		for (const auth of ['', '{}', '{"token":7}', '{"token":{"token":"abc"}}']) expect(decode(`0${auth}`)[0]?.data).to.deep.equal({})
	})

	it('does not keep a token that is longer than any of ours', () => {
		const [packet] = decode(`0${JSON.stringify({ token: 'x'.repeat(4097) })}`)
		expect(packet?.data).to.deep.equal({ token: tooLarge })
	})

	it('keeps the name and the number of an oversized event, and drops its payload', () => {
		const [packet] = decode(`27["slot:hold",{"slotId":"${'x'.repeat(1000)}"}]`)
		expect(packet).to.deep.include({ type: PacketType.EVENT, id: 7, data: ['slot:hold', tooLarge] })
	})

	it('does not repeat the long name of a namespace', () => {
		expect(() => decode(`0/${'x'.repeat(1_900_000)},`)).to.throw('no such namespace')
		expect(decode('0/desk,{}')[0]?.nsp).to.equal('/desk')
	})

	it('neither awaits nor keeps attachments', () => {
		const packets = decode('51-7["slot:hold",{"slotId":{"_placeholder":true,"num":0}}]', Buffer.alloc(1_000_000), '28["slot:release",{}]')
		expect(packets.map(({ type, id, data }) => [type, id, data[0]])).to.deep.equal([
			[PacketType.EVENT, 7, 'slot:hold'],
			[PacketType.EVENT, 8, 'slot:release'],
		])
	})
})
