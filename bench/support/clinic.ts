import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { createAccessTokens } from '../../server/identity/authentication.ts'
import { slotId } from '../../server/slots/slot-id.ts'
import { jwtSecret } from './node.ts'

export const slotMinutes = 15
/** Every clinic's slots begin at this minute: midnight UTC, a few days ahead. */
export const firstMinute = Math.ceil(Date.now() / 86_400_000 + 2) * 1440

export type BenchPatient = { id: string; token: string }
export type BenchClinic = { doctorIds: string[]; patients: BenchPatient[]; typeId: string }

const insertDoctors = `
	WITH people AS (
		INSERT INTO users (email, full_name, role, status)
		SELECT 'doctor' || n || '@bench.example', 'Doctor ' || n, 'doctor', 'active' FROM generate_series(1, $1::int) AS n RETURNING id
	)
	INSERT INTO doctors (id, specialty, time_zone) SELECT id, 'General practice', 'UTC' FROM people RETURNING id::text`

const insertPatients = `
	WITH people AS (
		INSERT INTO users (email, full_name, role, status)
		SELECT 'patient' || n || '@bench.example', 'Patient ' || n, 'patient', 'active' FROM generate_series(1, $1::int) AS n
		RETURNING id, full_name, email
	), files AS (
		INSERT INTO patients (id, user_id, full_name, email) SELECT id, id, full_name, email FROM people
	)
	INSERT INTO refresh_tokens (user_id, family_id, token_hash, expires_at)
	SELECT id, gen_random_uuid(), decode(md5(id::text), 'hex'), now() + interval '1 day' FROM people
	RETURNING user_id::text, family_id`

/** Inserts slots in the order of a table that grows by one day each night. */
const insertSlots = `
	INSERT INTO appointment_slots (doctor_id, starts_at, ends_at)
	SELECT doctor_id, to_timestamp(minute * 60.0), to_timestamp((minute + $4) * 60.0)
	FROM unnest($1::bigint[]) AS doctor_id, generate_series($2::int, $2::int + ($3::int - 1) * $4::int, $4::int) AS minute
	ORDER BY minute / 1440, doctor_id, minute`

/** Creates doctors with successive free slots, and patients who are signed in for the next quarter of an hour. */
export const aClinic = async (databaseUrl: string, size: { doctors: number; patients: number; slots: number }): Promise<BenchClinic> => {
	const client = new pg.Client({ connectionString: databaseUrl })
	await client.connect()
	try {
		const doctorIds = (await client.query<{ id: string }>(insertDoctors, [size.doctors])).rows.map(row => row.id)
		const sessions = await client.query<{ user_id: string; family_id: string }>(insertPatients, [size.patients])
		// Checking the foreign key of millions of rows takes long, and their doctors exist.
		await client.query('SET session_replication_role = replica')
		await client.query(insertSlots, [doctorIds, firstMinute, size.slots, slotMinutes])
		await client.query('ANALYZE')
		const types = await client.query<{ id: string }>('SELECT id::text FROM appointment_types ORDER BY position, id LIMIT 1')
		const { sign } = createAccessTokens(jwtSecret)
		const patients = sessions.rows.map(({ user_id: id, family_id: sessionId }) => ({
			id,
			token: sign({ userId: id, role: 'patient', sessionId }),
		}))
		return { doctorIds, patients, typeId: types.rows[0]?.id ?? '' }
	} finally {
		await client.end()
	}
}

/** A booking to make: the patient, the doctor, and the index of the doctor's slot. */
export type Wish = { patient: number; doctor: number; slot: number }

export const minuteOfSlot = (slot: number): number => firstMinute + slot * slotMinutes

export const slotIdOf = (clinic: BenchClinic, { doctor, slot }: Wish): string =>
	slotId(clinic.doctorIds[doctor] as string, minuteOfSlot(slot))

/**
 * Bookings without conflicts: each has a slot of its own, and no patient has two visits at a time. At every time each doctor has a
 * visit. The bookings begin after the first `from` slots of each doctor.
 */
export const wishes = ({ doctorIds, patients }: BenchClinic, from: number, count: number): Wish[] => {
	const [doctors, people] = [doctorIds.length, patients.length]
	return Array.from({ length: count }, (_, index) => {
		const time = Math.floor(index / doctors)
		return { patient: index % people, doctor: (index + Math.floor(index / people)) % doctors, slot: from + time }
	})
}

export const newKey = (): string => randomUUID()
