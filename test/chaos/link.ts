import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Link = Awaited<ReturnType<typeof startLink>>

/** A connection between a node and a server that can be cut, mended, slowed down, and led to another port. */
export async function startLink(target: number) {
	let port = target
	let isCut = false
	let delayMs = 0
	const open = new Set<Socket>()

	const server = createServer(near => {
		if (isCut) return near.destroy()
		const far = connect(port, '127.0.0.1')
		carry(near, far)
		carry(far, near)
	})
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

	return {
		port: (server.address() as AddressInfo).port,
		/** Whether the connection with this local port goes through the link. */
		carries: (localPort: number) => [...open].some(socket => socket.localPort === localPort),
		cut,
		mend: () => {
			isCut = false
		},
		slowDown: (ms: number) => {
			delayMs = ms
		},
		leadTo: (other: number) => {
			port = other
		},
		stop: async () => {
			cut()
			await new Promise<void>(resolve => server.close(() => resolve()))
		},
	}

	function cut() {
		isCut = true
		for (const socket of open) socket.destroy()
	}

	function carry(from: Socket, to: Socket) {
		from.on('data', data => {
			if (delayMs === 0) to.write(data)
			else setTimeout(() => to.writable && to.write(data), delayMs)
		})
		from.on('close', () => to.destroy())
		from.on('error', () => to.destroy())
		open.add(from)
		from.once('close', () => open.delete(from))
	}
}
