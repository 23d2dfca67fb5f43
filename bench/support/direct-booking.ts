import pg from 'pg'
import type { BookingRequest } from '../../server/booking/requests.ts'
import { writeDecisions } from '../../server/booking/write.ts'
import type { Run } from '../../server/platform/database/pipeline.ts'
import { type BenchClinic, minuteOfSlot, newKey, slotMinutes, type Wish } from './clinic.ts'

/** The server's own policy with mail on, so that the baselines write the same messages for a booking as the server. */
const notices = { channels: ['email' as const], leadMinutes: [1440, 5] }

/** Runs statements on one client, prepared by name as on the server. */
export const runOn =
	(client: pg.Pool | pg.ClientBase): Run =>
	async <Row extends pg.QueryResultRow>(statement: { name: string; text: string }, values: unknown[]) =>
		(await client.query<Row>({ ...statement, values })).rows

const requestFor = ({ doctorIds, patients, typeId }: BenchClinic, wish: Wish): BookingRequest => {
	const { id: patientId } = patients[wish.patient] as { id: string }
	const key = newKey()
	return {
		id: newKey(),
		node: 'none',
		kind: 'book',
		doctorId: doctorIds[wish.doctor] as string,
		startMinute: minuteOfSlot(wish.slot),
		minutes: undefined,
		typeId,
		patientId,
		reason: undefined,
		by: patientId,
		privileged: false,
		key,
		fingerprint: key,
		origin: { ip: '127.0.0.1', requestId: key },
	}
}

/** Runs the server's statement for a batch with one booking: appointment, slot, outcome, audit and messages in one round trip. */
export const bookDirectly = async (run: Run, clinic: BenchClinic, wish: Wish): Promise<void> => {
	const request = requestFor(clinic, wish)
	const { doctorId, startMinute } = request
	const slot = { doctorId, startMinute, endMinute: startMinute + slotMinutes, isBlocked: false, appointment: null }
	await writeDecisions(run, notices, [{ request, decision: { do: 'book', slots: [slot], endMinute: slot.endMinute } }])
}

/** Stores a refusal under the caller's key, as the server does, so that a repeated request is refused again. */
export const refuseDirectly = async (run: Run, clinic: BenchClinic, wish: Wish): Promise<void> => {
	await writeDecisions(run, notices, [{ request: requestFor(clinic, wish), decision: { do: 'refuse', code: 'slot_booked' } }])
}

export const openPool = async (databaseUrl: string, connections: number): Promise<pg.Pool> => {
	const pool = new pg.Pool({ connectionString: databaseUrl, max: connections, min: connections, idleTimeoutMillis: 0 })
	// Connects all clients, and plans their statements, before the measurement.
	const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()))
	for (const client of clients) client.release()
	return pool
}
