import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { soon } from '../support/calendar.ts'
import { waitFor } from '../support/wait.ts'
import type { Client } from '../support/watcher.ts'

/** Many watchers whose connections all break at one moment, and reconnect at once, as Socket.IO's client does. */
export async function reconnectInAStorm(urls: readonly string[], doctorIds: readonly string[], count: number): Promise<void> {
	let watching = 0
	const crowd: Client[] = []
	for (let i = 0; i < count; i++) {
		const socket: Client = io(nth(urls, i), {
			transports: ['websocket'],
			forceNew: true,
			reconnectionDelay: 100,
			reconnectionDelayMax: 2000,
		})
		const watch = async (): Promise<void> => {
			const { ok } = await socket.emitWithAck('calendar:watch', { doctorId: nth(doctorIds, i), ...soon() })
			if (ok) watching++
			// The node refused and asked to come back later.
			else setTimeout(() => socket.connected && void watch(), 500)
		}
		socket.on('connect', () => void watch())
		crowd.push(socket)
		if (i % 100 === 99) await sleep(50)
	}
	try {
		await waitFor(() => watching >= count, `${count} watchers`, 60_000)
		watching = 0
		for (const socket of crowd) socket.io.engine.close()
		await waitFor(() => watching >= count, `${count} watchers to be back`, 60_000)
	} finally {
		for (const socket of crowd) socket.disconnect()
	}
}

/** Watchers that never read: what the node sends to them piles up, on the way and at the node. */
export async function watchWithoutReading(
	urls: readonly string[],
	doctorIds: readonly string[],
	count: number,
	forMs: number,
): Promise<void> {
	const crowd = Array.from({ length: count }, (_, i) => {
		const socket = new WebSocket(`${nth(urls, i).replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
		socket.on('error', () => {})
		socket.on('message', data => {
			const packet = String(data)
			// Answers Engine.IO's handshake with a connect and Socket.IO's with a watch, then stops reading.
			if (packet.startsWith('0')) socket.send('40')
			if (!packet.startsWith('40')) return
			socket.send(`42${JSON.stringify(['calendar:watch', { doctorId: nth(doctorIds, i), ...soon() }])}`)
			socket.pause()
		})
		return socket
	})
	await sleep(forMs)
	for (const socket of crowd) socket.terminate()
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
const nth = <T>(list: readonly T[], index: number): T => list[index % list.length] as T
