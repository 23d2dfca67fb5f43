import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/**
 * How the proxy treats a request. It forwards `slow` and `late` requests at once and answers them later, forwards a `lost` request
 * and drops its answer, and neither forwards nor answers a `silent` one.
 */
export type Fate = 'well' | keyof typeof delaysMs | 'lost' | 'internal' | 'bad gateway' | 'silent'

const delaysMs = { slow: 500, late: 11_000 }
const isDelayed = (fate: Fate): fate is keyof typeof delaysMs => fate in delaysMs

const nasty = 'Error: SELECT * FROM users WHERE undefined — at Pool.query (/srv/app/db.js:12:7)'

const answers: Record<'internal' | 'bad gateway', { status: number; type: string; body: string }> = {
	internal: {
		status: 500,
		type: 'application/problem+json',
		body: JSON.stringify({ type: 'about:blank', title: nasty, status: 500, detail: nasty, code: 'internal' }),
	},
	'bad gateway': { status: 502, type: 'text/html', body: '<html><body><h1>502 Bad Gateway</h1><hr>nginx/1.18.0</body></html>' },
}

/** Starts a proxy before a server that can disturb requests. `fateOf` decides for each path. */
export const startProxy = async (target: string) => {
	const { hostname, port } = new URL(target)
	let fateOf: (path: string) => Fate = () => 'well'
	const open = new Set<Socket>()

	const pass = (incoming: IncomingMessage, answer: ServerResponse, fate: Fate) => {
		const { method, url: path, headers } = incoming
		const delayMs = isDelayed(fate) ? delaysMs[fate] : 0
		const onward = request({ hostname, port, method, path, headers, agent: false }, response => {
			if (fate === 'lost') return void incoming.socket.destroy()
			setTimeout(() => {
				answer.writeHead(response.statusCode as number, response.headers)
				response.pipe(answer)
			}, delayMs)
		})
		onward.on('error', () => answer.destroy())
		answer.on('close', () => onward.destroy())
		incoming.pipe(onward)
	}

	const server = createServer((incoming, answer) => {
		const fate = fateOf(incoming.url as string)
		if (fate === 'silent') return
		if (fate !== 'internal' && fate !== 'bad gateway') return pass(incoming, answer, fate)
		const { status, type, body } = answers[fate]
		answer.writeHead(status, { 'content-type': type }).end(body)
	})
	server.on('connection', socket => {
		open.add(socket)
		socket.on('close', () => open.delete(socket))
	})
	server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
		socket.on('error', () => socket.destroy())
		const fate = fateOf(incoming.url as string)
		if (fate === 'silent') return
		if (fate !== 'well' && !isDelayed(fate)) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
		const onward = connect(Number(port), hostname, () => {
			const headers = incoming.rawHeaders.map((text, index) => (index % 2 ? `${text}\r\n` : `${text}: `)).join('')
			onward.write(`GET ${incoming.url} HTTP/1.1\r\n${headers}\r\n`)
			onward.write(head)
			onward.pipe(socket).pipe(onward)
		})
		onward.on('error', () => socket.destroy())
		socket.on('close', () => onward.destroy())
	})
	const listen = (at: number) => new Promise<void>(resolve => server.listen(at, 'localhost', resolve))
	const close = () =>
		new Promise<void>(resolve => {
			server.close(() => resolve())
			for (const socket of open) socket.destroy()
		})
	await listen(0)
	const own = (server.address() as AddressInfo).port

	return {
		url: `http://localhost:${own}`,
		/** Ends open connections, so that they meet their new fate. */
		decide(decision: (path: string) => Fate) {
			fateOf = decision
			for (const socket of open) socket.destroy()
		},
		/** Refuses connections from now on. */
		refuse: close,
		accept: () => listen(own),
		stop: close,
	}
}

export type TroubledProxy = Awaited<ReturnType<typeof startProxy>>
