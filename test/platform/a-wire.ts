import { connect, createServer, type Server, type Socket } from 'node:net'

export type Wire = {
	/** The server's address with the wire's port. */
	url: string
	/** Breaks every connection and refuses new ones. */
	cut(): Promise<void>
	mend(): Promise<void>
	stop(): Promise<void>
}

/** A connection to a server that can be cut, which clients see as the loss of the server. */
export const aWire = async (target: string): Promise<Wire> => {
	const { hostname, port: targetPort } = new URL(target)
	const open = new Set<Socket>()
	let server: Server

	const join = (from: Socket, to: Socket) => {
		open.add(from)
		from.on('error', () => {})
		from.on('close', () => {
			open.delete(from)
			to.destroy()
		})
		from.pipe(to)
	}
	const listen = (port: number) =>
		new Promise<number>((resolve, reject) => {
			server = createServer(client => {
				const upstream = connect(Number(targetPort), hostname)
				join(client, upstream)
				join(upstream, client)
			})
			server.once('error', reject)
			server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
		})
	const cut = async () => {
		const closed = new Promise(resolve => server.close(resolve))
		for (const socket of open) socket.destroy()
		await closed
	}

	const port = await listen(0)
	const address = new URL(target)
	address.host = `127.0.0.1:${port}`
	return { url: address.href, cut, mend: async () => void (await listen(port)), stop: cut }
}
