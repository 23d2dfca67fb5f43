import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pTimeout from 'p-timeout'

/** Creates a server that gives clients `slowClientMs` for their headers, and twice as long for a whole request. */
export function createHttpServer({ port, slowClientMs }: { port: number; slowClientMs: number }): HttpServer {
	const server = createServer({
		headersTimeout: slowClientMs,
		requestTimeout: 2 * slowClientMs,
		connectionsCheckingInterval: slowClientMs / 4,
		keepAliveTimeout: keepAliveMs,
	})
	// Ends connections of clients that do not read their answer. Upgraded connections have their own heartbeat.
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
			// Registered before all other listeners, so that answers which are given at once count as well.
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
			// Browsers keep spare connections, and Node.js waits for those that have carried no request:
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

export type HttpServer = {
	/** For other users of the port, such as Socket.IO. */
	server: Server
	/** The server's address on this machine, such as `http://localhost:3000`. */
	url(): string
	/** Sets the app that answers requests. To be called before anything else attaches. */
	serve(app: RequestListener): void
	/** @throws Error when the port is taken */
	listen(): Promise<void>
	/** Refuses new connections. */
	close(): void
	/** Ends all connections when every request is answered, or after `timeoutMs`. */
	end(timeoutMs: number): Promise<void>
}

/** Longer than the 60 s of most balancers, so that the balancer ends an idle connection first. */
const keepAliveMs = 65_000
