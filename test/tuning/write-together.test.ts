import type { Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import type { EventHandlers } from '../../server/platform/live/dispatch.ts'
import { writeTogether } from '../../server/tuning/write-together.ts'
import { type BareSockets, bareSockets } from '../platform/bare-sockets.ts'
import { waitFor } from '../support/wait.ts'

/** A client that sends several frames at once and keeps what it receives. */
const aClient = async (url: string) => {
	const ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
	const heard: string[] = []
	ws.on('message', data => heard.push(data.toString()))
	await waitFor(() => heard.length > 0, 'the transport to open')
	ws.send('40{}')
	await waitFor(() => heard.length > 1, 'the socket to be let in')
	heard.length = 0
	return { heard, send: (...frames: string[]) => frames.forEach(frame => void ws.send(frame)), close: () => ws.terminate() }
}

type Writes = Pick<Socket, '_write' | '_writev'>

/** Counts what the connections of a server write to the kernel. */
const countWrites = ({ sockets }: BareSockets) => {
	const { clients } = sockets.io.engine as unknown as { clients: Record<string, { transport: { socket: { _socket: Writes } } }> }
	let writes = 0
	for (const { transport } of Object.values(clients)) {
		const stream = transport.socket._socket
		for (const name of ['_write', '_writev'] as const) {
			const write = stream[name] as (...args: unknown[]) => void
			stream[name] = (...args: unknown[]) => {
				writes++
				write.apply(stream, args)
			}
		}
	}
	return () => writes
}

describe('packets that a connection gets in one turn', () => {
	const requests = 20
	const ids = Array.from({ length: requests }, (_, index) => index)

	for (const [title, tuning] of [
		['are written together', { connection: writeTogether }],
		['arrive in the same order without the tuning', {}],
	] as const)
		describe(title, () => {
			let bare: BareSockets
			let client: Awaited<ReturnType<typeof aClient>>
			const release: (() => void)[] = []
			const isTuned = 'connection' in tuning

			before(async () => {
				bare = await bareSockets(() => ({ tuning }))
				const handlers = {
					'calendar:unwatch': async () => {
						await new Promise<void>(resolve => release.push(resolve))
						return {}
					},
				}
				bare.sockets.serve(handlers as unknown as EventHandlers, { connected() {}, disconnected() {}, callerChanged() {} })
			})
			beforeEach(async () => {
				client = await aClient(bare.url)
			})
			afterEach(async () => {
				client.close()
				await waitFor(() => bare.sockets.io.engine.clientsCount === 0, 'the connection to be gone')
			})
			after(() => bare.stop())

			it('applies to acknowledgements', async () => {
				client.send(...ids.map(id => `42${id}["calendar:unwatch",{"doctorId":"1"}]`))
				await waitFor(() => release.length === requests, 'all requests to wait')
				const writes = countWrites(bare)
				for (const answer of release.splice(0)) answer()
				await waitFor(() => client.heard.length === requests, 'all answers')
				expect(client.heard).to.deep.equal(ids.map(id => `43${id}[{"ok":true}]`))
				if (isTuned) expect(writes()).to.equal(1)
				else expect(writes(), 'the tuning brings nothing any more').to.be.above(1)
			})

			it('applies to a frame that sockets share', async () => {
				const other = await aClient(bare.url)
				const writes = countWrites(bare)
				bare.sockets.io.local.emit('calendar:presence', { doctorId: '1', viewers: 2 })
				for (const { heard } of [client, other]) {
					await waitFor(() => heard.length === 1, 'the frame')
					expect(heard).to.deep.equal(['42["calendar:presence",{"doctorId":"1","viewers":2}]'])
				}
				if (isTuned) expect(writes()).to.equal(2)
				other.close()
			})
		})
})
