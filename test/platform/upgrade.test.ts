import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { useNode } from '../support/node.ts'

describe('a request that offers an upgrade', () => {
	const node = useNode()

	/** Sends bytes unchanged, and reads until the server ends the connection. */
	const exchange = async (text: string): Promise<string> => {
		const socket = connect(Number(new URL(node.url).port), 'localhost')
		let said = ''
		socket.setEncoding('utf8').on('data', chunk => (said += chunk))
		socket.write(text)
		const timer = setTimeout(() => socket.destroy(), 5000)
		await once(socket, 'close')
		clearTimeout(timer)
		return said
	}

	/** The headers that curl and Java's HttpClient send, which try HTTP/2 first. */
	const toH2c = 'Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'

	it('is answered in HTTP/1.1 when it offers HTTP/2', async () => {
		const said = await exchange(`GET /livez HTTP/1.1\r\n${toH2c}\r\n`)
		expect(said).to.match(/^HTTP\/1\.1 200 OK\r\n/)
		expect(said).to.match(/\r\n\r\nok$/)
	})

	it('is answered with its body read', async () => {
		const body = JSON.stringify({ email: 'nobody@example.com', password: 'not a password' })
		const said = await exchange(
			`POST /api/v1/auth/login HTTP/1.1\r\n${toH2c}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
		)
		expect(said).to.match(/^HTTP\/1\.1 401 /)
	})

	it('is answered when it asks for a WebSocket at an address without one', async () => {
		const said = await exchange(
			'GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
		)
		expect(said).to.match(/^HTTP\/1\.1 404 /)
	})

	it('is answered on a connection that has served a plain request before', async () => {
		const said = await exchange(`GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\n${toH2c}\r\n`)
		expect(said.match(/HTTP\/1\.1 200 OK/g)).to.have.length(2)
	})
})
