import { io, type Socket } from 'socket.io-client'
import type { Ack, CalendarChanged, ClientToServer, ServerToClient, Slot, Snapshot } from '../../contract/index.ts'

export type Client = Socket<ServerToClient, ClientToServer>

const open = new Set<Client>()

/** Connects a socket. A test that opens sockets closes them with `closeSockets`. */
export const aSocket = (node: { url: string }, token?: string, transports: string[] = ['websocket']): Promise<Client> =>
	new Promise((resolve, reject) => {
		const socket: Client = io(node.url, { transports, auth: token ? { token } : {}, forceNew: true, reconnection: false })
		open.add(socket)
		socket.once('connect', () => resolve(socket))
		socket.once('connect_error', reject)
	})

export const closeSockets = () => {
	for (const socket of open) socket.disconnect()
	open.clear()
}

/** Records everything that the server sends to a socket, as text. */
export const eavesdrop = (socket: Client): string[] => {
	const sent: string[] = []
	socket.io.engine.on('packet', packet => void sent.push(String(packet.data)))
	return sent
}

export const ok = <T>(answer: Ack<T>): { ok: true } & T => {
	if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer.error)}`)
	return answer
}

export const refused = <T>(answer: Ack<T>) => {
	if (answer.ok) throw new Error(`not refused: ${JSON.stringify(answer)}`)
	return answer.error
}

/**
 * A client that follows the contract exactly: it keeps a picture of one calendar, applies changes in order of their versions, and
 * watches again after a gap.
 */
export const aWatcher = async (socket: Client, doctorId: string, range: { from: string; to: string }) => {
	const picture = new Map<string, Slot>()
	const frames: CalendarChanged[] = []
	let version = 0
	let gaps = 0
	let early = 0
	let watching: Promise<void> | undefined

	/** A callback, because a promise would let changes of the same packet overtake the snapshot. */
	const ask = () =>
		new Promise<Ack<Snapshot>>(resolve => {
			socket.emit('calendar:watch', { doctorId, ...range }, answer => {
				if (answer.ok) {
					picture.clear()
					for (const slot of answer.slots) picture.set(slot.id, slot)
					version = answer.version
					watching = undefined
				}
				resolve(answer)
			})
		})

	const watch = async () => {
		let answer = await ask()
		// A watcher that has watched before tries again when the node answers booking_pending.
		while (!answer.ok && answer.error.code === 'booking_pending' && version > 0 && socket.connected) {
			await new Promise(resolve => setTimeout(resolve, 300))
			answer = await ask()
		}
		ok(answer)
	}

	const rewatch = () => {
		watching ??= watch().catch(error => {
			watching = undefined
			throw error
		})
		return watching
	}

	socket.on('calendar:changed', changed => {
		if (changed.doctorId !== doctorId) return
		frames.push(changed)
		if (watching) {
			early++
			return
		}
		if (changed.fromVersion !== version + 1) {
			gaps++
			void rewatch()
			return
		}
		version = changed.toVersion
		for (const { version: _, ...slot } of changed.changes) picture.set(slot.id, slot)
	})
	await rewatch()

	return {
		socket,
		doctorId,
		picture,
		frames,
		watch: rewatch,
		get version() {
			return version
		},
		/** How often versions were not contiguous. */
		get gaps() {
			return gaps
		},
		/** Counts changes that arrived before their snapshot. */
		get early() {
			return early
		},
		stateOf: (slotId: string) => picture.get(slotId)?.state,
	}
}

export type Watcher = Awaited<ReturnType<typeof aWatcher>>
