import { setTimeout as sleep } from 'node:timers/promises'
import type { Socket } from 'socket.io'
import { Refusal } from '../refusal.ts'

/**
 * Sends sockets to other nodes without dropping their requests: each socket is closed once all its requests are answered. The
 * connection is closed below Socket.IO, because a client that receives Socket.IO's own disconnect does not reconnect by itself. See
 * https://socket.io/docs/v4/client-socket-instance/#disconnect
 */
export function createDraining() {
	/** The number of unanswered requests by socket. */
	const underWay = new Map<Socket, number>()
	let isOn = false
	let allAnswered = () => {}

	return { asked, answered, refuseWhenOn, start, end }

	function asked(socket: Socket): void {
		underWay.set(socket, (underWay.get(socket) ?? 0) + 1)
	}

	function answered(socket: Socket): void {
		const left = (underWay.get(socket) ?? 1) - 1
		if (left > 0) return void underWay.set(socket, left)
		underWay.delete(socket)
		if (!isOn) return
		socket.conn.close()
		if (underWay.size === 0) allAnswered()
	}

	/** @throws Refusal booking_pending once the node is stopping */
	function refuseWhenOn(): void {
		if (isOn) throw new Refusal('booking_pending', { message: 'This node is stopping; connect again', retryAfterSeconds: 1 })
	}

	async function start(sockets: Iterable<Socket>): Promise<void> {
		isOn = true
		let closed = 0
		for (const socket of [...sockets]) {
			if (underWay.has(socket)) continue
			socket.conn.close()
			if (++closed % slice === 0) await sleep(sliceEveryMs)
		}
	}

	/** Waits until every request is answered, but no longer than `timeoutMs`. */
	async function end(timeoutMs: number): Promise<void> {
		if (underWay.size === 0) return
		const tooLong = new AbortController()
		const allIsAnswered = new Promise<void>(resolve => (allAnswered = resolve))
		await Promise.race([allIsAnswered, sleep(timeoutMs, undefined, { signal: tooLong.signal }).catch(() => {})])
		tooLong.abort()
	}
}

/** How many sockets are sent away together, since all their clients connect to other nodes at once. */
const slice = 100
const sliceEveryMs = 20
