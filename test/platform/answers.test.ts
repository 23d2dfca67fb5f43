import type { Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import type { EventHandlers } from '../../server/platform/live/events.ts'
import { Refusal } from '../../server/platform/refusal.ts'
import { waitFor } from '../support/wait.ts'
import { type BareSockets, bareSockets } from './bare-sockets.ts'

const offered = [
	{ id: '1-29000000', doctorId: '1', startsAt: '2025-02-19T21:20:00.000Z', endsAt: '2025-02-19T21:40:00.000Z', state: 'free' },
]

/** What a client asks in one go, and what it hears. */
const conversation = async (url: string) => {
	const ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
	const heard: string[] = []
	ws.on('message', data => heard.push(data.toString()))
	await waitFor(() => heard.length > 0, 'the transport to open')
	ws.send('40{}')
	await waitFor(() => heard.length > 1, 'the socket to be let in')
	heard.length = 0
	const stream = (ws as unknown as { _socket: Socket })._socket
	return {
		heard,
		askTogether(...frames: string[]) {
			stream.cork()
			for (const frame of frames) ws.send(frame)
			stream.uncork()
		},
		close: () => ws.terminate(),
	}
}

type Writes = Pick<Socket, '_write' | '_writev'>

/** Counts what the only connection of a server gives to the kernel. */
const countWrites = ({ sockets }: BareSockets) => {
	const { clients } = sockets.io.engine as unknown as { clients: Record<string, { transport: { socket: { _socket: Writes } } }> }
	const [connection] = Object.values(clients)
	const stream = connection?.transport.socket._socket as Writes
	let writes = 0
	for (const name of ['_write', '_writev'] as const) {
		const write = stream[name] as (...args: unknown[]) => void
		stream[name] = (...args: unknown[]) => {
			writes++
			write.apply(stream, args)
		}
	}
	return () => writes
}

describe('what a socket is answered', () => {
	let bare: BareSockets
	let talk: Awaited<ReturnType<typeof conversation>>
	const release: (() => void)[] = []

	before(async () => {
		bare = await bareSockets()
		const refusal = new Refusal('slot_booked', { extra: { alternatives: offered as never } })
		const handlers = {
			'calendar:watch': async () => {
				throw refusal
			},
			'calendar:unwatch': async () => {
				await new Promise<void>(resolve => release.push(resolve))
				return {}
			},
		}
		bare.sockets.serve(handlers as unknown as EventHandlers, { connected() {}, disconnected() {} })
	})
	beforeEach(async () => {
		talk = await conversation(bare.url)
	})
	afterEach(async () => {
		talk.close()
		await waitFor(() => bare.sockets.io.engine.clientsCount === 0, 'the connection to be gone')
	})
	after(() => bare.stop())

	it('leaves in one write, when it is ready together', async () => {
		const ids = Array.from({ length: 20 }, (_, index) => index)
		talk.askTogether(...ids.map(id => `42${id}["calendar:unwatch",{"doctorId":"1"}]`))
		await waitFor(() => release.length === ids.length, 'all to wait')
		const writes = countWrites(bare)
		for (const answer of release.splice(0)) answer()
		await waitFor(() => talk.heard.length === ids.length, 'all answers')
		expect(talk.heard).to.deep.equal(ids.map(id => `43${id}[{"ok":true}]`))
		expect(writes()).to.equal(1)
	})

	it('is the same for all who share a refusal, each under the number of the question', async () => {
		const watch = '["calendar:watch",{"doctorId":"1","from":"2026-01-01","to":"2026-01-02"}]'
		talk.askTogether(`421${watch}`, `427${watch}`, `42${watch}`, `4230${watch}`)
		await waitFor(() => talk.heard.length === 3, 'an answer to each that has a number')
		const answer = { ok: false, error: { code: 'slot_booked', message: new Refusal('slot_booked').message, alternatives: offered } }
		expect(talk.heard.map(text => text.slice(0, text.indexOf('[')))).to.deep.equal(['431', '437', '4330'])
		for (const text of talk.heard) expect(JSON.parse(text.slice(text.indexOf('[')))).to.deep.equal([answer])
	})
})
