import type { Appointment, AppointmentStatus, RefusalCode } from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run, Statement } from '../platform/database/pipeline.ts'
import type { NoticePolicy } from '../reminders/policy.ts'
import { instantOf, slotId } from '../slots/slot-id.ts'
import type { BusyTime, PriorOutcome, StoredAppointment } from './rules.ts'

const statement = (name: string): Statement => ({ name, text: readSql(`${name}.sql`, import.meta.url) })

const readAppointmentsStatement = statement('read_appointments')
const readOutcomesStatement = statement('read_outcomes')
const readPatientsStatement = statement('read_patients')
const settleStatement = statement('settle')

/** An appointment with the names and dates that go with it to a client. */
export type FullAppointment = StoredAppointment & {
	reason: string | null
	bookedBy: string
	createdAtMs: number
	updatedAtMs: number
	patientName: string
	/** The patient's account, if there is one. */
	patientUserId: string | null
}

export type PatientTimes = { name: string; userId: string | null; busy: BusyTime[] }

type AppointmentRow = {
	id: string
	doctor_id: string
	patient_id: string
	type_id: string
	start_minute: number
	end_minute: number
	slot_minutes: number[]
	type_minutes: number | null
	status: AppointmentStatus
	sequence: number
	reason: string | null
	booked_by: string
	created_ms: string
	updated_ms: string
	patient_name: string
	patient_user_id: string | null
}

const toAppointment = (row: AppointmentRow): FullAppointment => ({
	id: row.id,
	doctorId: row.doctor_id,
	patientId: row.patient_id,
	typeId: row.type_id,
	startMinute: row.start_minute,
	endMinute: row.end_minute,
	slotMinutes: row.slot_minutes,
	typeMinutes: row.type_minutes ?? undefined,
	status: row.status,
	sequence: row.sequence,
	reason: row.reason,
	bookedBy: row.booked_by,
	createdAtMs: Number(row.created_ms),
	updatedAtMs: Number(row.updated_ms),
	patientName: row.patient_name,
	patientUserId: row.patient_user_id,
})

export const toWire = (appointment: FullAppointment): Appointment => ({
	id: appointment.id,
	doctorId: appointment.doctorId,
	patientId: appointment.patientId,
	typeId: appointment.typeId,
	slotIds: appointment.slotMinutes.map(minute => slotId(appointment.doctorId, minute)),
	startsAt: instantOf(appointment.startMinute),
	endsAt: instantOf(appointment.endMinute),
	status: appointment.status,
	...(appointment.reason !== null && { reason: appointment.reason }),
	bookedBy: appointment.bookedBy,
	createdAt: new Date(appointment.createdAtMs).toISOString(),
	updatedAt: new Date(appointment.updatedAtMs).toISOString(),
	sequence: appointment.sequence,
	patientName: appointment.patientName,
})

export const readAppointments = async (run: Run, ids: readonly string[]): Promise<FullAppointment[]> =>
	ids.length === 0 ? [] : (await run<AppointmentRow>(readAppointmentsStatement, [ids])).map(toAppointment)

export type RequestKey = { by: string; key: string }

const requestKey = (by: string, key: string) => `${by} ${key}`

/** What became of earlier requests under these keys. */
export const readOutcomes = async (run: Run, keys: readonly RequestKey[]): Promise<(key: RequestKey) => PriorOutcome | undefined> => {
	const rows = await run<{
		requested_by: string
		idempotency_key: string
		fingerprint: string
		request_id: string
		refusal: RefusalCode | null
		appointment_id: string | null
	}>(readOutcomesStatement, [keys.map(each => each.by), keys.map(each => each.key)])
	const outcomes = new Map(
		rows.map(row => [
			requestKey(row.requested_by, row.idempotency_key),
			{ fingerprint: row.fingerprint, requestId: row.request_id, refusal: row.refusal, appointmentId: row.appointment_id },
		]),
	)
	return ({ by, key }) => outcomes.get(requestKey(by, key))
}

/** Patients by id, or by an appointment of theirs, with their active appointments between two minutes. */
export const readPatients = async (
	run: Run,
	wanted: { patientIds: readonly string[]; appointmentIds: readonly string[]; fromMinute: number; untilMinute: number },
): Promise<Map<string, PatientTimes>> => {
	if (wanted.patientIds.length + wanted.appointmentIds.length === 0) return new Map()
	const rows = await run<{
		patient_id: string
		name: string
		user_id: string | null
		appointment_id: string | null
		start_minute: number
		end_minute: number
	}>(readPatientsStatement, [wanted.patientIds, wanted.appointmentIds, wanted.fromMinute, wanted.untilMinute])
	const patients = new Map<string, PatientTimes>()
	for (const row of rows) {
		const patient = patients.get(row.patient_id) ?? { name: row.name, userId: row.user_id, busy: [] }
		patients.set(row.patient_id, patient)
		if (row.appointment_id) {
			patient.busy.push({ appointmentId: row.appointment_id, startMinute: row.start_minute, endMinute: row.end_minute })
		}
	}
	return patients
}

export type NewAppointment = {
	doctorId: string
	patientId: string
	typeId: string
	startMinute: number
	endMinute: number
	slotMinutes: readonly number[]
	reason: string | undefined
	by: string
	key: string
}

export type ChangedAppointment = {
	id: string
	patientId: string
	sequence: number
	doctorId: string
	startMinute: number
	endMinute: number
	slotMinutes: readonly number[]
	status: AppointmentStatus
	cancelReason: string | undefined
	/** What happened, in the ledger's words; a change of status is told to nobody by message. */
	kind: 'rescheduled' | 'cancelled' | 'status'
}

export type SlotOfAppointment = { doctorId: string; startMinute: number; appointmentId: string }

export type SettledRequest = {
	by: string
	key: string
	fingerprint: string
	requestId: string
	refusal: RefusalCode | undefined
	appointmentId: string | undefined
	action: string
	ip: string
	traceId: string
}

/** Everything that a batch does, in one statement's parameters. */
export type Settlement = {
	booked: NewAppointment[]
	changed: ChangedAppointment[]
	freed: SlotOfAppointment[]
	/** Slots that existing appointments move to; those of new ones follow from `booked`. */
	moved: SlotOfAppointment[]
	requests: SettledRequest[]
	notices: NoticePolicy
}

/** What the database gave: ids to new appointments, and the time at which all of the batch happened. */
export type Settled = { atMs: number; bookings: { id: string; by: string; key: string }[] }

/**
 * Writes a batch: one statement, and so one transaction, however many requests it holds.
 *
 * @throws DatabaseError LS001 when what was read before is no longer so, 23P01 when a constraint refuses: then nothing is written
 */
export const writeSettlement = async (run: Run, { booked, changed, freed, moved, requests, notices }: Settlement): Promise<Settled> => {
	const slotsTaken = booked.reduce((sum, each) => sum + each.slotMinutes.length, 0) + moved.length
	const rows = await run<{ id: string | null; booked_by: string; idempotency_key: string; settled_ms: string }>(settleStatement, [
		booked.map(each => each.doctorId),
		booked.map(each => each.patientId),
		booked.map(each => each.typeId),
		booked.map(each => each.slotMinutes.join(' ')),
		booked.map(each => each.endMinute),
		booked.map(each => each.reason ?? null),
		booked.map(each => each.by),
		booked.map(each => each.key),
		changed.map(each => each.id),
		changed.map(each => each.sequence),
		changed.map(each => each.doctorId),
		changed.map(each => each.slotMinutes.join(' ')),
		changed.map(each => each.startMinute),
		changed.map(each => each.endMinute),
		changed.map(each => each.status),
		changed.map(each => each.cancelReason ?? null),
		freed.map(each => each.doctorId),
		freed.map(each => each.startMinute),
		freed.map(each => each.appointmentId),
		moved.map(each => each.doctorId),
		moved.map(each => each.startMinute),
		moved.map(each => each.appointmentId),
		requests.map(each => each.by),
		requests.map(each => each.key),
		requests.map(each => each.fingerprint),
		requests.map(each => each.requestId),
		requests.map(each => each.refusal ?? null),
		requests.map(each => each.appointmentId ?? null),
		requests.map(each => each.action),
		requests.map(each => each.ip),
		requests.map(each => each.traceId),
		slotsTaken,
		[...booked, ...changed].map(each => each.patientId),
		changed.map(each => each.kind),
		notices.channels,
		notices.leadMinutes,
	])
	return {
		atMs: Number(rows[0]?.settled_ms),
		bookings: rows.flatMap(({ id, booked_by, idempotency_key }) => (id === null ? [] : { id, by: booked_by, key: idempotency_key })),
	}
}
