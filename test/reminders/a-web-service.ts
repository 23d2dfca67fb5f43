import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type WebRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer }
export type WebAnswer = { status: number; headers?: Record<string, string>; body?: string; afterMs?: number } | 'hang'

/** A provider's API on this machine, which records its requests, and answers as the test says. */
export const useWebService = (initial: (request: WebRequest) => WebAnswer) => {
	const requests: WebRequest[] = []
	let url = ''
	let [open, mostAtOnce] = [0, 0]
	const service = {
		requests,
		answer: initial,
		get url() {
			return url
		},
		/** The highest number of requests that were open at the same time. */
		get mostAtOnce() {
			return mostAtOnce
		},
	}
	const server = createServer((req, res) => {
		const parts: Buffer[] = []
		mostAtOnce = Math.max(mostAtOnce, ++open)
		res.on('close', () => open--)
		req.on('data', part => parts.push(part))
		req.on('end', () => {
			const request = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: Buffer.concat(parts) }
			requests.push(request)
			const answer = service.answer(request)
			if (answer !== 'hang') setTimeout(() => res.writeHead(answer.status, answer.headers).end(answer.body), answer.afterMs ?? 0)
		})
	})
	before(async () => {
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
		url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
	})
	beforeEach(() => {
		requests.length = 0
		mostAtOnce = 0
		service.answer = initial
	})
	after(async () => {
		server.closeAllConnections()
		await new Promise(resolve => server.close(resolve))
	})
	return service
}
