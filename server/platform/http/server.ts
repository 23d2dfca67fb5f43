import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pTimeout from 'p-timeout'

export type HttpServer = {
	/** For what answers beside the app, such as Socket.IO. */
	server: Server
	/** Where this machine reaches the server, such as `http://localhost:3000`. */
	url(): string
	/** Says what answers requests. To be called before anything else attaches. */
	serve(app: RequestListener): void
	/** @throws Error when the port is taken */
	listen(): Promise<void>
	/** Takes no more connections. */
	close(): void
	/** Ends all connections, as soon as every request is answered or after `timeoutMs`. */
	end(timeoutMs: number): Promise<void>
}

/** Above the 60 s of most balancers, so that it is the balancer that ends an idle connection. */
const keepAliveMs = 65_000

/** A server that gives slow clients `slowClientMs` for their headers, and twice as much for a whole request. */
export function createHttpServer({ port, slowClientMs }: { port: number; slowClientMs: number }): HttpServer {
	const server = createServer({
		headersTimeout: slowClientMs,
		requestTimeout: 2 * slowClientMs,
		connectionsCheckingInterval: slowClientMs / 4,
		keepAliveTimeout: keepAliveMs,
	})
	// Ends connections whose client does not read its answer. Upgraded connections have their own heartbeat.
	server.timeout = 4 * slowClientMs
	const unanswered = new Set<ServerResponse>()
	let allAnswered = () => {}
	let closed: Promise<void> | undefined

	return {
		server,
		url: () => `http://localhost:${(server.address() as AddressInfo | null)?.port ?? port}`,
		serve(app) {
			server.on('request', app)
		},
		listen() {
			// Before all others: an answer that is given at once counts, too.
			server.prependListener('request', (_, response) => watch(response))
			return new Promise((resolve, reject) => {
				server.once('error', reject)
				server.listen(port, resolve)
			})
		},
		close() {
			closed ??= new Promise(resolve => void server.close(() => resolve()))
		},
		async end(timeoutMs) {
			const answered = new Promise<void>(resolve => {
				allAnswered = resolve
			})
			if (unanswered.size > 0) await pTimeout(answered, { milliseconds: timeoutMs, message: false })
			// Browsers open connections to have one at hand. Node.js waits for those that have carried no request:
			// https://nodejs.org/docs/latest-v20.x/api/http.html#servercloseidleconnections
			server.closeAllConnections()
			await closed
		},
	}

	function watch(response: ServerResponse): void {
		unanswered.add(response)
		response.once('close', () => {
			unanswered.delete(response)
			if (unanswered.size === 0) allAnswered()
		})
	}
}
