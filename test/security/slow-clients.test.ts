import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import { isLong } from '../support/forms.ts'
import { useNode } from '../support/node.ts'

const second = 1000
const answers = 20

/** Clients that keep a connection open without using it. All run at once, because they mostly wait. */
describe('a slow client', function () {
	this.timeout(90 * second)
	const node = useNode({ SLOW_CLIENT_SECONDS: '1' })

	const ends: Record<string, Promise<{ afterMs: number; said: string }>> = {}

	/** Opens a connection, lets `begin` use it, and waits for the server to end it. */
	const watch = (name: string, begin: (socket: Socket) => void) => {
		const socket = connect(Number(new URL(node.url).port), 'localhost')
		const began = performance.now()
		let said = ''
		socket.on('data', chunk => (said += chunk))
		socket.on('error', () => {})
		socket.once('connect', () => begin(socket))
		ends[name] = once(socket, 'close').then(() => ({ afterMs: performance.now() - began, said }))
	}

	/** Sends pieces, each soon enough for the connection to look alive. */
	const dribble = (socket: Socket, pieces: string) => {
		let at = 0
		const timer = setInterval(() => (socket.writable ? socket.write(pieces.charAt(at++ % pieces.length)) : clearInterval(timer)), 100)
		socket.once('close', () => clearInterval(timer))
	}

	before(() => {
		watch('says nothing', () => {})
		watch('sends its headers letter by letter', socket => {
			socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n')
			dribble(socket, 'X-Slow: yes\r\n')
		})
		watch('sends its body letter by letter', socket => {
			socket.write('POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n')
			dribble(socket, ' ')
		})
		watch('asks for a socket letter by letter', socket => {
			socket.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n')
			dribble(socket, 'X-Slow: yes\r\n')
		})
		watch('never reads its answers', socket => {
			// Together more than the buffers between client and server hold.
			socket.write('GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(answers))
			socket.pause()
			// A client that does not read does not notice the end. The server allows four seconds without progress, and checks every four.
			setTimeout(() => socket.resume(), 9 * second)
		})
	})

	const seconds: Record<string, [number, number]> = {
		'says nothing': [1, 5],
		'sends its headers letter by letter': [1, 5],
		'sends its body letter by letter': [2, 6],
		'asks for a socket letter by letter': [1, 5],
		'never reads its answers': [9, 15],
	}

	for (const [name, [atLeast, atMost]] of Object.entries(seconds))
		it(`is disconnected when it ${name}`, async () => {
			const { afterMs, said } = (await ends[name]) as { afterMs: number; said: string }
			expect(afterMs / second).to.be.within(atLeast - 0.1, atMost)
			expect(said.split('HTTP/1.1 200').length - 1, 'answers').to.be.below(answers)
		})

	it('does not delay other clients', async () => {
		expect((await fetch(`${node.url}/livez`)).status).to.equal(200)
	})

	const aSocket = async () => {
		const socket = new WebSocket(`${node.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
		await once(socket, 'open')
		return { socket, began: performance.now() }
	}

	it('is disconnected when it opens a socket and never joins', async () => {
		const { socket, began } = await aSocket()
		await once(socket, 'close')
		expect((performance.now() - began) / second).to.be.within(0.9, 5)
	})

	it('is disconnected when it no longer answers the heartbeat of its socket', async function () {
		if (!isLong) return this.skip()
		const { socket, began } = await aSocket()
		socket.send('40')
		await once(socket, 'close')
		expect((performance.now() - began) / second).to.be.within(40, 60)
	})
})
