import { randomUUID } from 'node:crypto'
import type { DbOrTx } from '../../server/platform/database/database.ts'

/** Creates the least that an appointment needs: doctors, patients, a type, and an account that books. */
export type Clinic = { doctorIds: string[]; patientIds: string[]; typeId: string; bookedBy: string }

const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => String(id))

export const aClinic = async (db: DbOrTx, { doctors = 1, patients = 1 } = {}): Promise<Clinic> => {
	const account = (role: string) => ({ email: `${randomUUID()}@example.com`, full_name: `A ${role}`, role, status: 'active' })
	const many = <T>(count: number, make: () => T) => Array.from({ length: count }, make)
	const doctorIds = idsOf(
		await db('users')
			.insert(many(doctors, () => account('doctor')))
			.returning('id'),
	)
	await db('doctors').insert(doctorIds.map(id => ({ id, specialty: 'General practice', time_zone: 'UTC' })))
	const patientIds = idsOf(
		await db('patients')
			.insert(many(patients, () => ({ full_name: 'A patient' })))
			.returning('id'),
	)
	const [typeId] = idsOf(await db('appointment_types').insert({ name: randomUUID(), minutes: 30 }).returning('id'))
	const [bookedBy] = idsOf(await db('users').insert(account('receptionist')).returning('id'))
	return { doctorIds, patientIds, typeId: typeId as string, bookedBy: bookedBy as string }
}

export type AppointmentRow = {
	doctor_id: string
	patient_id: string
	starts_at: Date
	ends_at: Date
	status: string
	idempotency_key: string
}

const tenOClock = Date.UTC(2030, 0, 7, 10)

/** By default, an appointment of the first patient with the first doctor from ten to half past ten. Minutes count from ten. */
export const anAppointment = (
	{ doctorIds, patientIds, typeId, bookedBy }: Clinic,
	{ fromMinute = 0, toMinute = 30, ...overrides }: Partial<AppointmentRow> & { fromMinute?: number; toMinute?: number } = {},
) => {
	const starts_at = new Date(tenOClock + fromMinute * 60_000)
	const ends_at = new Date(tenOClock + toMinute * 60_000)
	const [doctor_id, patient_id] = [doctorIds[0], patientIds[0]]
	return {
		...{ doctor_id, patient_id, starts_at, ends_at, status: 'booked', idempotency_key: randomUUID() },
		...{ type_id: typeId, booked_by: bookedBy, slot_starts: [starts_at] },
		...overrides,
	}
}
