import type { Socket } from 'socket.io'

/** Sockets sent away in one go: their clients all come back to other nodes. */
const slice = 100
const sliceEveryMs = 20

/**
 * Sends sockets to other nodes without dropping what they asked for: each is let go as soon as all of it is answered. The
 * connection is closed below Socket.IO, because a client that Socket.IO's own goodbye reaches does not come back by itself.
 * See https://socket.io/docs/v4/client-socket-instance/#disconnect
 */
export const createDraining = () => {
	const underWay = new Map<Socket, number>()
	let isOn = false
	let allAnswered = () => {}

	const answered = (socket: Socket): void => {
		const left = (underWay.get(socket) ?? 1) - 1
		if (left > 0) return void underWay.set(socket, left)
		underWay.delete(socket)
		if (!isOn) return
		socket.conn.close()
		if (underWay.size === 0) allAnswered()
	}

	return {
		isOn: () => isOn,
		asked(socket: Socket): void {
			underWay.set(socket, (underWay.get(socket) ?? 0) + 1)
		},
		answered,
		async start(sockets: Iterable<Socket>): Promise<void> {
			isOn = true
			let closed = 0
			for (const socket of [...sockets]) {
				if (underWay.has(socket)) continue
				socket.conn.close()
				if (++closed % slice === 0) await new Promise(resolve => setTimeout(resolve, sliceEveryMs))
			}
		},
		/** Until everything that was asked for is answered, or so much time has passed. */
		async end(timeoutMs: number): Promise<void> {
			if (underWay.size === 0) return
			let timer: NodeJS.Timeout | undefined
			await new Promise<void>(resolve => {
				allAnswered = resolve
				timer = setTimeout(resolve, timeoutMs)
			})
			clearTimeout(timer)
		},
	}
}
