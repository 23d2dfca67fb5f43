import { once } from 'node:events'
import { expect } from 'chai'
import { io } from 'socket.io-client'
import type { Caller } from '../../server/platform/caller.ts'
import type { EventHandlers } from '../../server/platform/live/dispatch.ts'
import { Refusal } from '../../server/platform/refusal.ts'
import { waitFor } from '../support/wait.ts'
import { type BareSockets, bareSockets } from './bare-sockets.ts'

const caller: Caller = { userId: '1', sessionId: 'a', tokenExpiresAtMs: Date.now() + 600_000 }

describe('the authority of an open socket', function () {
	this.timeout(20_000)
	let bare: BareSockets
	let read: (callers: readonly Caller[]) => Promise<(Caller | null | Refusal)[]>
	let reads = 0
	const changes: string[] = []

	before(async () => {
		bare = await bareSockets(() => ({
			authenticate: async token => (token ? { ...caller, userId: token } : null),
			readAgain: callers => {
				reads++
				return read(callers)
			},
		}))
		const handlers = { 'calendar:unwatch': async () => ({}) }
		bare.sockets.serve(handlers as unknown as EventHandlers, {
			connected() {},
			disconnected() {},
			callerChanged: socket => void changes.push(socket.id),
		})
	})
	beforeEach(() => {
		read = async callers => [...callers]
	})
	after(() => bare.stop())

	const opened: { disconnect(): void }[] = []
	afterEach(async () => {
		for (const socket of opened.splice(0)) socket.disconnect()
		await waitFor(() => bare.sockets.io.of('/').sockets.size === 0, 'the sockets to be gone')
	})
	const connect = async (token?: string) => {
		const socket = io(bare.url, { transports: ['websocket'], auth: token ? { token } : {}, forceNew: true, reconnection: false })
		opened.push(socket)
		await once(socket as never, 'connect')
		return socket
	}
	const ask = async (socket: Awaited<ReturnType<typeof connect>>) => {
		const answer = await socket.timeout(5000).emitWithAck('calendar:unwatch', { doctorId: '1' })
		return answer.ok ? 'ok' : answer.error.code
	}

	it('is read before the first event, in one statement for all sockets that ask at once', async () => {
		const sockets = await Promise.all(['1', '2', '3'].map(connect))
		reads = 0
		expect(await Promise.all(sockets.map(ask))).to.deep.equal(['ok', 'ok', 'ok'])
		expect(reads).to.be.within(1, 3)
		reads = 0
		expect(await Promise.all(sockets.map(ask)), 'and then goes by what was read').to.deep.equal(['ok', 'ok', 'ok'])
		expect(reads).to.equal(0)
	})

	it('does not count as known when it cannot be read for some seconds', async () => {
		const socket = await connect('1')
		expect(await ask(socket)).to.equal('ok')
		read = async () => {
			throw new Refusal('booking_pending')
		}
		await new Promise(resolve => setTimeout(resolve, 4500))
		expect(await ask(socket)).to.equal('booking_pending')
		expect(await ask(await connect()), 'a stranger has none to be read').to.equal('ok')
		read = async callers => [...callers]
		expect(await ask(socket), 'once it can be read').to.equal('ok')
	})

	it('is refused with its reason before the socket closes', async () => {
		const socket = await connect('1')
		read = async callers => callers.map(() => new Refusal('account_disabled'))
		const closed = once(socket as never, 'disconnect')
		expect(await ask(socket)).to.equal('account_disabled')
		await closed
	})

	it('is announced once when it changes', async () => {
		const socket = await connect('1')
		changes.length = 0
		read = async callers => callers.map(known => ({ ...known, role: 'other' }))
		await waitFor(() => changes.length > 0, 'the change')
		await new Promise(resolve => setTimeout(resolve, 2500))
		expect(changes).to.deep.equal([socket.id])
	})
})
