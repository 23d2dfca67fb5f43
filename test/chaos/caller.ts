import { io } from 'socket.io-client'
import type { Ack } from '../../contract/index.ts'
import type { Person } from '../support/people.ts'
import type { Client } from '../support/watcher.ts'
import type { Operation } from './history.ts'

/** Every caller has an answer after this time, whatever happens. */
export const patienceMs = 15_000

export type Answer = Ack<Record<string, unknown>>
type Asked = (socket: Client, url: string) => Promise<Answer>

/** An account's connection, which goes to another node whenever it breaks. */
export function createCaller(urls: () => readonly string[], { token }: Person) {
	let socket: Client | undefined
	let url = ''
	let stopped = false

	return {
		ask,
		/** Closes the connection without a goodbye. */
		vanish: () => void socket?.io.engine?.close(),
		stop() {
			stopped = true
			socket?.disconnect()
		},
	}

	/** Sends a request once. The outcome stays unknown when no answer comes or the connection breaks. */
	async function ask(operation: Operation, asked: Asked): Promise<Answer | undefined> {
		const line = await connected()
		const began = performance.now()
		let gone = () => {}
		const broken = new Promise<undefined>(resolve => {
			gone = () => resolve(undefined)
			line.once('disconnect', gone)
		})
		const answer = await Promise.race([asked(line.timeout(patienceMs) as unknown as Client, url).catch(() => undefined), broken])
		line.off('disconnect', gone)
		const tookMs = performance.now() - began
		operation.tookMs = Math.max(operation.tookMs, tookMs)
		if (!answer) {
			operation.outcome = 'unknown'
			operation.isDropped ||= tookMs > crossingMs
		} else if (answer.ok) operation.outcome = 'acknowledged'
		else {
			const { code, retryAfterSeconds } = answer.error
			operation.code = code
			operation.outcome = comeBackCodes.includes(code) ? 'unknown' : 'refused'
			operation.isLeftGuessing ||= operation.outcome === 'unknown' && retryAfterSeconds === undefined
		}
		return answer
	}

	async function connected(): Promise<Client> {
		while (!socket?.connected && !stopped) {
			socket?.disconnect()
			url = oneOf(urls())
			const opened: Client = io(url, {
				transports: ['websocket'],
				auth: { token },
				forceNew: true,
				reconnection: false,
				timeout: 3000,
			})
			socket = opened
			await new Promise<void>(resolve => {
				opened.once('connect', () => resolve())
				// A node that dies during the handshake causes a disconnect without a connect.
				for (const failure of ['connect_error', 'disconnect'] as const)
					opened.once(failure, () => setTimeout(resolve, 200 + Math.random() * 300))
			})
		}
		return socket as Client
	}
}

export type Caller = ReturnType<typeof createCaller>

/** A request that crosses the closing of its connection never reaches the node. A busy machine notices the closing late. */
const crossingMs = 1000
const comeBackCodes = ['booking_pending', 'queue_full', 'rate_limited']

/** Repeats a request until its outcome is known. */
export async function untilKnown(operation: Operation, repeat: () => Promise<void>): Promise<void> {
	for (let attempt = 0; attempt < 20 && operation.outcome === 'unknown'; attempt++) {
		await repeat()
		if (operation.outcome === 'unknown') await sleep(300)
	}
}

export const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
export const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
