import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { io, type Socket } from 'socket.io-client'
import { WebSocket } from 'ws'
import type { EventHandlers, SocketContext } from '../../server/platform/live/dispatch.ts'
import type { SocketDeps } from '../../server/platform/live/server.ts'
import { createOwnPages } from '../../server/platform/security/own-pages.ts'
import { createLimiters } from '../../server/platform/security/rate-limit.ts'
import { waitFor } from '../support/wait.ts'
import { type BareSockets, bareSockets } from './bare-sockets.ts'

const endless = async () => {}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const usedAfterCollection = () => {
	collectGarbage()
	return process.memoryUsage().heapUsed
}

describe('the door to sockets', function () {
	this.timeout(30_000)
	let bare: BareSockets
	let signIns = 0
	const addressesSeen: string[] = []
	const opened: (Socket | WebSocket)[] = []

	const limitsFrom = ({ publisher }: Pick<SocketDeps, 'publisher'>) => {
		const limiter = createLimiters({ redis: publisher, enabled: true })
		return { arrivals: limiter({ name: 'arrivals', points: 4, perSeconds: 60 }), byAccount: endless, byAddress: endless }
	}

	before(async () => {
		bare = await bareSockets(stores => ({
			limits: limitsFrom(stores),
			trustedProxies: 1,
			isOwnPage: createOwnPages({ corsOrigins: ['https://app.example'], publicUrl: undefined }),
			authenticate: async token => {
				signIns++
				return token === undefined ? null : { userId: token, sessionId: `session of ${token}`, tokenExpiresAtMs: Date.now() + 60_000 }
			},
		}))
		const handlers = {
			'calendar:unwatch': async (_payload: unknown, { origin }: SocketContext) => {
				addressesSeen.push(origin.ip)
				return {}
			},
			'session:renew': async ({ token }: { token: string }, { socket }: SocketContext) => {
				await bare.sockets.renew(socket, token)
				return { expiresIn: 60 }
			},
		}
		bare.sockets.serve(handlers as unknown as EventHandlers, { connected() {}, disconnected() {}, callerChanged() {} })
	})
	afterEach(() => {
		for (const each of opened.splice(0)) each.close()
	})
	after(() => bare.stop())

	let nextAddress = 1
	const anAddress = () => `10.1.0.${nextAddress++}`
	const headersFrom = (address: string, headers: Record<string, string>) => ({ 'x-forwarded-for': address, ...headers })

	const outcome = async (address: string, headers: Record<string, string> = {}, transport = 'websocket'): Promise<string> => {
		const extraHeaders = headersFrom(address, headers)
		const socket = io(bare.url, { transports: [transport], extraHeaders, forceNew: true, reconnection: false })
		opened.push(socket)
		return await Promise.race([
			once(socket as never, 'connect').then(() => 'open'),
			once(socket as never, 'connect_error').then(() => 'refused'),
		])
	}

	/** A connection without Socket.IO's client. */
	const raw = async (address = anAddress()) => {
		const socket = new WebSocket(`${bare.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, {
			headers: headersFrom(address, {}),
		})
		opened.push(socket)
		socket.on('error', () => {})
		const closed = once(socket, 'close')
		// The transport's own first message arrives before any other.
		await once(socket, 'message')
		return { socket, closed }
	}

	for (const transport of ['websocket', 'polling'])
		it(`refuses pages of other sites, and accepts our pages and programs (${transport})`, async () => {
			const { host } = new URL(bare.url)
			const tries: [string, Record<string, string>][] = [
				['open', {}],
				['open', { origin: bare.url }],
				['open', { origin: 'https://app.example' }],
				['open', { origin: 'https://clinic.example', 'x-forwarded-host': 'clinic.example' }],
				['refused', { origin: 'https://evil.example' }],
				['refused', { origin: 'null' }],
				['refused', { origin: `https://${host}.evil.example` }],
				['refused', { origin: bare.url, 'sec-fetch-site': 'cross-site' }],
				['refused', { 'sec-fetch-site': 'same-site' }],
			]
			for (const [expected, headers] of tries)
				expect(await outcome(anAddress(), headers, transport), JSON.stringify(headers)).to.equal(expected)
		})

	it('limits connections by address, whatever proxies their headers claim', async () => {
		const address = anAddress()
		const answers = []
		for (const claimed of ['1', '2', '3', '4', '5', '6']) answers.push(await outcome(`10.9.9.${claimed}, ${address}`))
		expect(answers).to.deep.equal(['open', 'open', 'open', 'open', 'refused', 'refused'])
		expect(await outcome(anAddress()), 'others').to.equal('open')
	})

	it('closes a connection that sends without pause', async () => {
		const { socket, closed } = await raw()
		socket.send('40')
		// These are no events, but packets of the transport.
		for (let sent = 0; sent < 7000; sent++) socket.send('3')
		await closed
		expect(await outcome(anAddress()), 'others').to.equal('open')
	})

	it('closes a connection that signs in again and again', async () => {
		const noSocket = () => waitFor(() => bare.sockets.io.of('/').sockets.size === 0, 'the disconnect to arrive')
		await noSocket()
		const { socket, closed } = await raw()
		signIns = 0
		while (socket.readyState === WebSocket.OPEN && signIns < 30) {
			socket.send('40')
			await Promise.race([once(socket, 'message'), closed])
			socket.send('41')
			await noSocket()
		}
		await closed
		expect(signIns).to.equal(20)
	})

	const answerTo = async (socket: WebSocket, event: string, payload: unknown) => {
		socket.send(`421${JSON.stringify([event, payload])}`)
		for (;;) {
			const [message] = await once(socket, 'message')
			if (String(message).startsWith('431')) return JSON.parse(String(message).slice(3))[0]
		}
	}

	it('knows a socket’s address after it left and joined again on one connection', async () => {
		await waitFor(() => bare.sockets.io.of('/').sockets.size === 0, 'other sockets to be gone')
		const address = anAddress()
		const { socket } = await raw(address)
		for (let joins = 0; joins < 2; joins++) {
			socket.send('40')
			await once(socket, 'message')
			await answerTo(socket, 'calendar:unwatch', { doctorId: '1' })
			socket.send('41')
			await waitFor(() => bare.sockets.io.of('/').sockets.size === 0, 'the goodbye to be heard')
		}
		expect(addressesSeen.splice(0)).to.deep.equal([address, address])
	})

	it('limits the sign-ins of an open socket like those of a connecting socket', async () => {
		const { socket } = await raw()
		socket.send('40')
		await once(socket, 'message')
		const outcomes: string[] = []
		for (let tries = 0; tries < 21; tries++) {
			const answer = await answerTo(socket, 'session:renew', { token: '7' })
			outcomes.push(answer.ok ? 'ok' : answer.error.code)
		}
		// The connecting handshake counts as well.
		expect(outcomes).to.deep.equal([...Array(19).fill('ok'), 'rate_limited', 'rate_limited'])
	})

	it('limits an account’s sockets also when they sign in after connecting', async function () {
		this.slow(5000)
		const renewed = async () => {
			const { socket } = await raw()
			socket.send('40')
			await once(socket, 'message')
			const answer = await answerTo(socket, 'session:renew', { token: '8' })
			return answer.ok ? 'ok' : answer.error.code
		}
		const outcomes: string[] = []
		for (let sockets = 0; sockets < 101; sockets++) outcomes.push(await renewed())
		expect(outcomes).to.deep.equal([...Array(100).fill('ok'), 'rate_limited'])
	})

	it('keeps nothing of a handshake once its token has been read', async () => {
		await waitFor(() => bare.sockets.io.of('/').sockets.size === 0, 'other sockets to be gone')
		const { socket } = await raw()
		socket.send(`40${JSON.stringify({ token: '9', junk: 'x'.repeat(1_900_000) })}`)
		await once(socket, 'message')
		const [kept] = bare.sockets.io.of('/').sockets.values()
		expect(JSON.stringify(kept?.handshake).length).to.be.below(1000)
	})

	it('uses little memory for sockets that send much while connecting', async () => {
		const before = usedAfterCollection()
		const sockets = []
		for (let count = 0; count < 30; count++) {
			const { socket } = await raw()
			socket.send(`40${JSON.stringify({ junk: `${count}${'x'.repeat(1_900_000)}` })}`)
			await once(socket, 'message')
			sockets.push(socket)
		}
		const grown = usedAfterCollection() - before
		expect(sockets.filter(({ readyState }) => readyState === WebSocket.OPEN)).to.have.length(30)
		expect(grown / 1e6, 'megabytes').to.be.below(10)
	})

	it('refuses a token that is longer than any of ours', async () => {
		const { socket } = await raw()
		socket.send(`40${JSON.stringify({ token: 'x'.repeat(1_900_000) })}`)
		const [message] = await once(socket, 'message')
		expect(String(message)).to.match(/^44.*payload_too_large/)
	})

	it('closes a connection that never reads', async () => {
		const { socket, closed } = await raw()
		socket.send('40')
		await waitFor(() => bare.sockets.io.of('/').sockets.size === 1, 'the welcome')
		socket.pause()
		const frame = 'x'.repeat(100_000)
		// Sent one by one, as changes are, and more than the buffers between the two hold.
		for (let sent = 0; sent < 300; sent++) {
			bare.sockets.io.emit('calendar:presence', { doctorId: frame, viewers: 1 })
			await new Promise(setImmediate)
		}
		await waitFor(() => bare.sockets.io.of('/').sockets.size === 0, 'the connection to be given up')
		socket.resume()
		await closed
	})

	it('limits connections by address while Redis is away, too', async () => {
		bare.publisher.disconnect()
		const address = anAddress()
		const answers = []
		for (let tries = 0; tries < 6; tries++) answers.push(await outcome(address))
		expect(answers).to.deep.equal(['open', 'open', 'open', 'open', 'refused', 'refused'])
		expect(await outcome(anAddress()), 'others').to.equal('open')
	})
})
