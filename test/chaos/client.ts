import { randomUUID } from 'node:crypto'
import { io } from 'socket.io-client'
import type { Ack, Appointment } from '../../contract/index.ts'
import type { Person } from '../support/people.ts'
import type { Client } from '../support/watcher.ts'
import type { History, Operation } from './history.ts'

export type ChaosClient = ReturnType<typeof createChaosClient>

/** Every caller has an answer after this time, whatever happens. */
export const patienceMs = 15_000
/** A request that crosses the closing of its connection never reaches the node. A busy machine notices the closing late. */
const crossingMs = 1000
const comeBackCodes = ['booking_pending', 'queue_full', 'rate_limited']

type Asked = (socket: Client) => Promise<Ack<Record<string, unknown>>>

/** A patient whose client connects to another node whenever its connection breaks. */
export function createChaosClient(urls: () => readonly string[], patient: Person, history: History) {
	let socket: Client | undefined
	let stopped = false
	const mine: { appointmentId: string; slotId: string }[] = []

	return {
		book: (slotId: string) => book(history.invoke({ kind: 'book', userId: patient.id, slotId, key: randomUUID() })),
		/** Acts at random until the trial is over. */
		async live(slotIds: readonly string[], isOver: () => boolean) {
			while (!isOver()) {
				await act(slotIds)
				await sleep(100 + Math.random() * 500)
			}
		},
		/** Repeats every request with an unknown outcome, with the same key, as the wire asks of clients. */
		async findOut() {
			const open = history.operations.filter(({ userId, outcome, key }) => userId === patient.id && outcome === 'unknown' && key)
			for (const operation of open) {
				for (let attempt = 0; attempt < 20 && operation.outcome === 'unknown'; attempt++) {
					await (operation.kind === 'book' ? book(operation) : move(operation))
					if (operation.outcome === 'unknown') await sleep(300)
				}
			}
		},
		/** Closes the connection without a goodbye. */
		vanish: () => void socket?.io.engine?.close(),
		stop() {
			stopped = true
			socket?.disconnect()
		},
	}

	async function book(operation: Operation) {
		const { slotId, key } = operation
		const answer = await ask(operation, line => line.emitWithAck('appointment:book', { slotId, idempotencyKey: key as string }))
		if (!answer?.ok) return
		operation.appointmentId = (answer.appointment as Appointment).id
		mine.push({ appointmentId: operation.appointmentId, slotId })
	}

	/** Sends a request once. The outcome stays unknown when no answer comes or the connection breaks. */
	async function ask(operation: Operation, asked: Asked): Promise<Ack<Record<string, unknown>> | undefined> {
		const line = await connected()
		const began = performance.now()
		let gone = () => {}
		const broken = new Promise<undefined>(resolve => {
			gone = () => resolve(undefined)
			line.once('disconnect', gone)
		})
		const answer = await Promise.race([asked(line.timeout(patienceMs) as unknown as Client).catch(() => undefined), broken])
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
			const opened: Client = io(oneOf(urls()), {
				transports: ['websocket'],
				auth: { token: patient.token },
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

	async function act(slotIds: readonly string[]) {
		const slotId = oneOf(slotIds)
		const userId = patient.id
		const dice = Math.random()
		const visit = dice < 0.3 ? mine.pop() : undefined
		if (visit && dice < 0.2) {
			const operation = history.invoke({ kind: 'cancel', userId, slotId: visit.slotId, appointmentId: visit.appointmentId })
			await ask(operation, line => line.emitWithAck('appointment:cancel', { appointmentId: visit.appointmentId }))
		} else if (visit) {
			const [doctorId] = visit.slotId.split('-')
			const near = slotIds.filter(each => each.startsWith(`${doctorId}-`))
			await move(history.invoke({ kind: 'reschedule', userId, slotId: oneOf(near), appointmentId: visit.appointmentId, key: randomUUID() }))
		} else if (dice < 0.5) {
			const hold = history.invoke({ kind: 'hold', userId, slotId })
			const held = await ask(hold, line => line.emitWithAck('slot:hold', { slotId }))
			if (!held?.ok) return
			if (Math.random() < 0.4) {
				await ask(history.invoke({ kind: 'release', userId, slotId }), line => line.emitWithAck('slot:release', { slotId }))
			} else await book(history.invoke({ kind: 'book', userId, slotId, key: randomUUID() }))
		} else await book(history.invoke({ kind: 'book', userId, slotId, key: randomUUID() }))
	}

	async function move(operation: Operation) {
		const { slotId, key, appointmentId } = operation
		const payload = { appointmentId: appointmentId as string, slotId, idempotencyKey: key as string }
		await ask(operation, line => line.emitWithAck('appointment:reschedule', payload))
		if (operation.outcome !== 'refused') mine.push({ appointmentId: appointmentId as string, slotId })
	}
}

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
