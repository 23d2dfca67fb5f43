/**
 * The main job, seen from outside: two people watch one calendar of a running server. One of them holds a slot, books it and cancels;
 * the other sees each change. Prints what was sent and seen, with the times between act and sight.
 *
 *   npm start          (in one terminal)
 *   npm run demo       (in another; URL=http://localhost:3000 by default)
 */
import { randomUUID } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import type { Ack, ClientToServer, Doctor, Page, ServerToClient, SessionTokens, Slot, SlotChange } from '../contract/index.ts'

const url = process.env.URL ?? 'http://localhost:3000'
const password = 'demo-clinic-2026'

type Client = Socket<ServerToClient, ClientToServer>

const beganMs = performance.now()
const line = (who: string, text: string) =>
	console.log(`${(performance.now() - beganMs).toFixed(1).padStart(8)} ms  ${who.padEnd(8)} ${text}`)

const request = async <T>(path: string, body?: unknown): Promise<T> => {
	const response = await fetch(`${url}/api/v1${path}`, {
		...(body !== undefined && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
	})
	if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
	return (await response.json()) as T
}

const connect = (token?: string): Promise<Client> =>
	new Promise((resolve, reject) => {
		const socket: Client = io(url, { transports: ['websocket'], auth: token ? { token } : {} })
		socket.once('connect', () => resolve(socket))
		socket.once('connect_error', reject)
	})

const succeed = <T>(answer: Ack<T>): { ok: true } & T => {
	if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`)
	return answer
}

const date = (offsetDays: number) => new Date(Date.now() + offsetDays * 86_400_000).toISOString().slice(0, 10)

/** Resolves when the watcher receives the slot in the given state. */
const sight = (socket: Client, slotId: string, state: Slot['state']): Promise<SlotChange> =>
	new Promise(resolve => {
		const look = ({ changes }: { changes: SlotChange[] }) => {
			const seen = changes.find(change => change.id === slotId && change.state === state)
			if (!seen) return
			socket.off('calendar:changed', look)
			resolve(seen)
		}
		socket.on('calendar:changed', look)
	})

const run = async () => {
	const { items: doctors } = await request<Page<Doctor>>('/doctors')
	const tokens = await request<SessionTokens>('/auth/login', { email: 'patient@clinic.example', password })
	line('http', `signed in as ${tokens.user.fullName}; ${doctors.length} doctors take appointments`)

	const patient = await connect(tokens.accessToken)
	const watcher = await connect()
	const range = { from: date(1), to: date(14) }
	let target: Slot | undefined
	for (const doctor of doctors) {
		const snapshot = succeed(await watcher.emitWithAck('calendar:watch', { doctorId: doctor.id, ...range }))
		target = snapshot.slots.find(slot => slot.state === 'free')
		if (!target) continue
		line(
			'watcher',
			`sees ${snapshot.slots.length} slots of ${doctor.fullName} (${doctor.specialty}, ${snapshot.timeZone}) at version ${snapshot.version}`,
		)
		break
	}
	if (!target) throw new Error('no doctor has a free slot in the coming two weeks')
	succeed(await patient.emitWithAck('calendar:watch', { doctorId: target.doctorId, ...range }))
	const { id: slotId, startsAt } = target

	const act = async <T>(name: string, state: Slot['state'], perform: () => Promise<T>): Promise<T> => {
		const seen = sight(watcher, slotId, state)
		const actedMs = performance.now()
		line('patient', name)
		const done = await perform()
		const acknowledgedMs = performance.now() - actedMs
		const change = await seen
		line(
			'watcher',
			`sees ${state} (version ${change.version}); acknowledged after ${acknowledgedMs.toFixed(1)} ms, seen after ${(performance.now() - actedMs).toFixed(1)} ms`,
		)
		return done
	}

	const { hold } = await act(`holds the slot at ${startsAt}`, 'held', async () =>
		succeed(await patient.emitWithAck('slot:hold', { slotId })),
	)
	line('patient', `may book until ${hold.expiresAt}`)
	const { appointment } = await act('books it', 'booked', async () =>
		succeed(await patient.emitWithAck('appointment:book', { slotId, reason: 'Demonstration', idempotencyKey: randomUUID() })),
	)
	line('server', `appointment ${appointment.id} is ${appointment.status}`)
	const other = await watcher.emitWithAck('slot:hold', { slotId })
	line('watcher', `tries to hold it without signing in: ${other.ok ? 'held?!' : other.error.code}`)
	const cancelled = await act('cancels', 'free', async () =>
		succeed(await patient.emitWithAck('appointment:cancel', { appointmentId: appointment.id, reason: 'Demonstration' })),
	)
	line('server', `appointment ${appointment.id} is ${cancelled.appointment.status}; the slot is free again`)
	patient.disconnect()
	watcher.disconnect()
}

await run()
