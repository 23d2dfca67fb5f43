import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type WebRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer }
export type WebAnswer = { status: number; headers?: Record<string, string>; body?: string } | 'hang'

/** A provider's API on this machine: it keeps what it is asked, and answers as it is told to. */
export const useWebService = (initial: (request: WebRequest) => WebAnswer) => {
	const requests: WebRequest[] = []
	let url = ''
	const service = {
		requests,
		answer: initial,
		get url() {
			return url
		},
	}
	const server = createServer((req, res) => {
		const parts: Buffer[] = []
		req.on('data', part => parts.push(part))
		req.on('end', () => {
			const request = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: Buffer.concat(parts) }
			requests.push(request)
			const answer = service.answer(request)
			if (answer !== 'hang') res.writeHead(answer.status, answer.headers).end(answer.body)
		})
	})
	before(async () => {
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
		url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
	})
	beforeEach(() => {
		requests.length = 0
		service.answer = initial
	})
	after(async () => {
		server.closeAllConnections()
		await new Promise(resolve => server.close(resolve))
	})
	return service
}
