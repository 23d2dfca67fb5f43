import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Leaves the listeners for upgrades that a server has by now only the requests that `isWanted` names. Any other `Upgrade` is
 * ignored, as RFC 9110, section 7.8 asks: the request is answered in HTTP/1.1. Node.js alone would hand it to those listeners and
 * answer nothing.
 */
export function ignoreOtherUpgrades(server: Server, isWanted: (request: IncomingMessage) => boolean): void {
	const upgrade = server.listeners('upgrade')
	server.removeAllListeners('upgrade')
	server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		if (isWanted(request)) for (const each of upgrade) each.call(server, request, socket, head)
		else serveAnew(server, request, socket, head)
	})
}

/**
 * Node.js has let go of the connection: it is handed in again, as a new one that begins with the same request and offers no upgrade.
 * See https://nodejs.org/docs/latest-v20.x/api/http.html#event-connection
 */
function serveAnew(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
	if (socket.destroyed) return
	socket.removeAllListeners('timeout')
	socket.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]))
	server.emit('connection', socket)
}

const ofTheConnection = new Set(['connection', 'upgrade', 'http2-settings'])

/** With `Connection: close`, so that a client which offers its upgrade again does so on a connection of its own. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
	const lines = [`${method} ${url} HTTP/${httpVersion}`]
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const name = rawHeaders[at] as string
		if (!ofTheConnection.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[at + 1]}`)
	}
	return [...lines, 'Connection: close', '', ''].join('\r\n')
}
