import pg from 'pg'
import type { RefusalCode } from '../../contract/index.ts'
import { type SettledRequest, writeSettlement } from '../../server/booking/store.ts'
import type { Run } from '../../server/platform/database/pipeline.ts'
import { type BenchClinic, minuteOfSlot, newKey, slotMinutes, type Wish } from './clinic.ts'

/** The server's own policy with mail on: what it writes for a booking, the baselines write too. */
const notices = { channels: ['email' as const], leadMinutes: [1440, 5] }

/** Runs statements on one client, prepared by name as the server prepares them. */
export const runOn =
	(client: pg.Pool | pg.ClientBase): Run =>
	async <Row extends pg.QueryResultRow>(statement: { name: string; text: string }, values: unknown[]) =>
		(await client.query<Row>({ ...statement, values })).rows

const outcomeOf = (patientId: string, key: string, refusal?: RefusalCode): SettledRequest => ({
	by: patientId,
	key,
	fingerprint: key,
	requestId: newKey(),
	refusal,
	appointmentId: undefined,
	action: 'booked',
	ip: '127.0.0.1',
	traceId: key,
})

const nothing = { booked: [], changed: [], freed: [], moved: [], notices }

/** The server's statement for a batch, with one booking in it: appointment, slot, outcome, audit, letters; one round trip. */
export const bookDirectly = async (run: Run, { doctorIds, patients, typeId }: BenchClinic, wish: Wish): Promise<void> => {
	const { id: patientId } = patients[wish.patient] as { id: string }
	const doctorId = doctorIds[wish.doctor] as string
	const startMinute = minuteOfSlot(wish.slot)
	const endMinute = startMinute + slotMinutes
	const key = newKey()
	const slots = { startMinute, endMinute, slotMinutes: [startMinute] }
	await writeSettlement(run, {
		...nothing,
		booked: [{ doctorId, patientId, typeId, ...slots, reason: undefined, by: patientId, key }],
		requests: [outcomeOf(patientId, key)],
	})
}

/** Keeps a refusal under the caller's key, as the server does: a repeated request is refused again. */
export const refuseDirectly = async (run: Run, { patients }: BenchClinic, wish: Wish): Promise<void> => {
	const { id: patientId } = patients[wish.patient] as { id: string }
	await writeSettlement(run, { ...nothing, requests: [outcomeOf(patientId, newKey(), 'slot_booked')] })
}

export const openPool = async (databaseUrl: string, connections: number): Promise<pg.Pool> => {
	const pool = new pg.Pool({ connectionString: databaseUrl, max: connections, min: connections, idleTimeoutMillis: 0 })
	// All of them connected, and their statements planned, before anything is measured.
	const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()))
	for (const client of clients) client.release()
	return pool
}
