import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Passes upgrades to the server's present listeners only when `isWanted` accepts the request. Any other `Upgrade` is ignored and its
 * request answered in HTTP/1.1, as RFC 9110, section 7.8 asks. Node.js alone would pass it to those listeners and never answer.
 */
export function ignoreOtherUpgrades(server: Server, isWanted: (request: IncomingMessage) => boolean): void {
	const upgrade = server.listeners('upgrade')
	server.removeAllListeners('upgrade')
	server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		if (isWanted(request)) for (const each of upgrade) each.call(server, request, socket, head)
		else serveWithoutUpgrade(server, request, socket, head)
	})
}

/**
 * Node.js no longer handles the connection, so it is passed to the server as a new connection that begins with the same request and
 * offers no upgrade. See https://nodejs.org/docs/latest-v20.x/api/http.html#event-connection
 */
function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
	if (socket.destroyed) return
	socket.removeAllListeners('timeout')
	socket.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]))
	server.emit('connection', socket)
}

const ofTheConnection = new Set(['connection', 'upgrade', 'http2-settings'])

/** Adds `Connection: close`, so that a client which offers its upgrade again uses a new connection. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
	const lines = [`${method} ${url} HTTP/${httpVersion}`]
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const name = rawHeaders[at] as string
		if (!ofTheConnection.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[at + 1]}`)
	}
	return [...lines, 'Connection: close', '', ''].join('\r\n')
}
