import type { Appointment, AppointmentKind, AppointmentStatus, RefusalCode } from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run, Statement } from '../platform/database/pipeline.ts'
import { readSlots, type Span, type StoredSlot, slotKey } from '../slots/availability.ts'
import type { Holder } from '../slots/codec.ts'
import { instantOf, slotId } from '../slots/slot-id.ts'
import { type ChangeRequest, isChange, type QueueRequest } from './requests.ts'
import { type BusyTime, type PriorOutcome, type State, type StoredAppointment, type VisitDay, withBuffer } from './rules.ts'

/**
 * Reads everything that the requests depend on, with a few statements however many requests there are, and combines it with the holds
 * that the batch met. A changed schedule may have removed slots that are held.
 */
export async function readFacts(
	run: Run,
	requests: readonly QueueRequest[],
	{ holds, nowMs, policy }: { holds: HoldsByDoctor } & Pick<State, 'nowMs' | 'policy'>,
): Promise<Facts> {
	const changes = requests.filter(isChange)
	const appointmentIds = [...new Set(changes.flatMap(request => ('appointmentId' in request ? [request.appointmentId] : [])))]
	const moves = changes.flatMap(request => (request.kind === 'reschedule' || request.kind === 'undo' ? [request.appointmentId] : []))
	const patientIds = [...new Set(changes.flatMap(request => ('patientId' in request ? [request.patientId] : [])))]

	const [prior, offers, asked, slotsAsked, patients, days] = await Promise.all([
		readOutcomes(run, changes),
		readOffers(run, changes),
		readAppointments(run, appointmentIds),
		readSlots(run, distinct(requests.filter(request => request.kind !== 'reschedule').flatMap(request => spansAsked(request, holds)))),
		readPatients(run, { patientIds, appointmentIds: moves, ...wholeSpan(requests), countsUpcoming: policy.maxUpcoming !== undefined }),
		readDays(run, changes),
	])

	// Two reads had to wait for the first: the appointments of repeated requests, and the slots of all appointments.
	const appointments = new Map(asked.map(appointment => [appointment.id, appointment]))
	const repeatedIds = changes.flatMap(request => prior(request)?.appointmentId ?? []).filter(id => !appointments.has(id))
	const moved = requests.flatMap(request =>
		request.kind === 'reschedule' ? spansAsked(request, holds, roomOf(appointments.get(request.appointmentId))) : [],
	)
	for (const appointment of await readAppointments(run, repeatedIds)) appointments.set(appointment.id, appointment)
	const slotsKnownNow = await readSlots(run, distinct([...[...appointments.values()].flatMap(spansOf), ...moved]))

	const slots = new Map([...slotsAsked, ...slotsKnownNow].map(slot => [slotKey(slot), slot]))
	return {
		nowMs,
		policy,
		prior,
		appointments,
		patients,
		slots,
		slot: (doctorId, startMinute) => slots.get(slotId(doctorId, startMinute)),
		holderOf: (doctorId, startMinute) => holds.get(doctorId)?.get(startMinute)?.userId,
		appointment: id => appointments.get(id),
		patient: id => patients.get(id),
		offer: id => offers.get(id),
		slotsOf: (doctorId, startMinute, minutes) =>
			[...slots.values()].filter(
				slot => slot.doctorId === doctorId && slot.startMinute >= startMinute && slot.startMinute < startMinute + minutes,
			),
		day: request => ('startMinute' in request ? days.get(dayKey(request)) : undefined),
	}
}

export async function readAppointments(run: Run, ids: readonly string[]): Promise<FullAppointment[]> {
	return ids.length === 0 ? [] : (await run<AppointmentRow>(statements.appointments, [ids])).map(toAppointment)
}

export function toWire(appointment: FullAppointment): Appointment {
	return {
		id: appointment.id,
		doctorId: appointment.doctorId,
		patientId: appointment.patientId,
		typeId: appointment.typeId,
		slotIds: appointment.slotMinutes.map(minute => slotId(appointment.doctorId, minute)),
		startsAt: instantOf(appointment.startMinute),
		endsAt: instantOf(appointment.endMinute),
		status: appointment.status,
		...(appointment.reason !== null && { reason: appointment.reason }),
		kind: appointment.kind,
		...(appointment.extraReason && { extraReason: appointment.extraReason }),
		...(appointment.allowedBy !== null && { allowedBy: appointment.allowedBy }),
		bookedBy: appointment.bookedBy,
		createdAt: new Date(appointment.createdAtMs).toISOString(),
		updatedAt: new Date(appointment.updatedAtMs).toISOString(),
		sequence: appointment.sequence,
		patientName: appointment.patientName,
	}
}

/** The holds of a batch's doctors, by doctor and minute. */
export type HoldsByDoctor = ReadonlyMap<string, ReadonlyMap<number, Holder>>

/** What requests depend on, and what their outcomes show beyond that. */
export type Facts = State & {
	appointments: Map<string, FullAppointment>
	patients: Map<string, NamedPatient>
	slots: Map<string, StoredSlot>
}

/** An appointment with the names and dates that clients see. */
export type FullAppointment = StoredAppointment & {
	reason: string | null
	extraReason: string | null
	allowedBy: string | null
	bookedBy: string
	createdAtMs: number
	updatedAtMs: number
	patientName: string
	/** The patient's account, if there is one. */
	patientUserId: string | null
}

export type NamedPatient = { name: string; userId: string | null; busy: BusyTime[]; upcoming: number }

const statements = {
	appointments: statement('read_appointments'),
	outcomes: statement('read_outcomes'),
	patients: statement('read_patients'),
	days: statement('read_daily_visits'),
}

function statement(name: string): Statement {
	return { name, text: readSql(`${name}.sql`, import.meta.url) }
}

async function readOutcomes(run: Run, keys: readonly RequestKey[]): Promise<State['prior']> {
	if (keys.length === 0) return () => undefined
	const rows = await run<{
		requested_by: string
		idempotency_key: string
		fingerprint: string | null
		request_id: string | null
		refusal: RefusalCode | null
		appointment_id: string | null
	}>(statements.outcomes, [keys.map(({ by }) => by), keys.map(({ key }) => key)])
	const nameOf = ({ by, key }: RequestKey) => `${by} ${key}`
	const outcomes = new Map<string, PriorOutcome>(
		rows.map(row => [
			nameOf({ by: row.requested_by, key: row.idempotency_key }),
			{ fingerprint: row.fingerprint, requestId: row.request_id, refusal: row.refusal, appointmentId: row.appointment_id },
		]),
	)
	return request => outcomes.get(nameOf(request))
}

async function readOffers(run: Run, requests: readonly ChangeRequest[]): Promise<Map<string, { isOpen: boolean; untilMs: number | null }>> {
	const ids = requests.flatMap(request => ('offerId' in request && request.offerId !== undefined ? [request.offerId] : []))
	if (ids.length === 0) return new Map()
	const rows = await run<{ id: string; is_open: boolean; until_ms: string | null }>(offersStatement, [ids])
	return new Map(rows.map(row => [row.id, { isOpen: row.is_open, untilMs: row.until_ms === null ? null : Number(row.until_ms) }]))
}

const offersStatement = {
	name: 'offers of requests',
	text: `SELECT id::text, status IN ('sending', 'open') AS is_open, floor(extract(epoch FROM expires_at) * 1000)::bigint AS until_ms
		FROM slot_offers WHERE id = ANY ($1::bigint[])`,
}

type RequestKey = { by: string; key: string }

/** Reads patients by id, or by one of their appointments, with their active appointments between two minutes. */
async function readPatients(
	run: Run,
	wanted: {
		patientIds: readonly string[]
		appointmentIds: readonly string[]
		fromMinute: number
		untilMinute: number
		countsUpcoming: boolean
	},
): Promise<Map<string, NamedPatient>> {
	if (wanted.patientIds.length + wanted.appointmentIds.length === 0) return new Map()
	const rows = await run<{
		patient_id: string
		name: string
		user_id: string | null
		appointment_id: string | null
		start_minute: number
		end_minute: number
		upcoming: number | null
	}>(statements.patients, [wanted.patientIds, wanted.appointmentIds, wanted.fromMinute, wanted.untilMinute, wanted.countsUpcoming])
	const patients = new Map<string, NamedPatient>()
	for (const row of rows) {
		const patient = patients.get(row.patient_id) ?? { name: row.name, userId: row.user_id, busy: [], upcoming: row.upcoming ?? 0 }
		patients.set(row.patient_id, patient)
		if (row.appointment_id)
			patient.busy.push({ appointmentId: row.appointment_id, startMinute: row.start_minute, endMinute: row.end_minute })
	}
	return patients
}

async function readDays(run: Run, requests: readonly ChangeRequest[]): Promise<Map<string, VisitDay>> {
	const limited = requests.filter(isLimited)
	if (limited.length === 0) return new Map()
	const asked = [...new Map(limited.map(request => [dayKey(request), request])).values()]
	const rows = await run<{ doctor_id: string; type_id: string; minute: number; from_minute: number; until_minute: number; visits: number }>(
		statements.days,
		[asked.map(({ doctorId }) => doctorId), asked.map(({ typeId }) => typeId), asked.map(({ startMinute }) => startMinute)],
	)
	return new Map(
		rows.map(row => [
			dayKey({ doctorId: row.doctor_id, typeId: row.type_id, startMinute: row.minute }),
			{ doctorId: row.doctor_id, typeId: row.type_id, fromMinute: row.from_minute, untilMinute: row.until_minute, visits: row.visits },
		]),
	)
}

type LimitedRequest = Extract<ChangeRequest, { kind: 'book' | 'reschedule' }>

function isLimited(request: ChangeRequest): request is LimitedRequest {
	return (request.kind === 'book' || request.kind === 'reschedule') && typeof request.terms?.dailyLimit === 'number'
}

function dayKey({ doctorId, typeId, startMinute }: { doctorId: string; typeId?: string | undefined; startMinute: number }): string {
	return `${doctorId} ${typeId} ${startMinute}`
}

function roomOf(appointment: StoredAppointment | undefined): number | undefined {
	return appointment && withBuffer(appointment.typeMinutes, appointment.bufferMinutes)
}

const oneMinute = 1
const longestVisitMinutes = 8 * 60

function spansAsked(request: QueueRequest, holds: HoldsByDoctor, typeMinutes?: number): Span[] {
	if (request.kind === 'announce') {
		const minutes = request.minutes ?? [...(holds.get(request.doctorId)?.keys() ?? [])]
		return minutes.map(minute => ({ doctorId: request.doctorId, fromMinute: minute, untilMinute: minute + oneMinute }))
	}
	if (request.kind === 'undo')
		return request.slotMinutes.map(minute => ({ ...request, fromMinute: minute, untilMinute: minute + oneMinute }))
	if (request.kind === 'end-offer')
		return [{ doctorId: request.doctorId, fromMinute: request.startMinute, untilMinute: request.startMinute + request.minutes }]
	if (request.kind === 'book-beside') return [coveringSpan({ ...request, endMinute: request.startMinute + request.minutes })]
	if (request.kind !== 'book' && request.kind !== 'offer' && request.kind !== 'reschedule') return []
	const asked = request.kind === 'book' ? withBuffer(request.minutes, request.bufferMinutes) : request.minutes
	const minutes = asked ?? typeMinutes ?? oneMinute
	return [{ doctorId: request.doctorId, fromMinute: request.startMinute, untilMinute: request.startMinute + minutes }]
}

/** Every slot that touches a visit, and others: a slot lasts eight hours at most. */
function coveringSpan({ doctorId, startMinute, endMinute }: { doctorId: string; startMinute: number; endMinute: number }): Span {
	return { doctorId, fromMinute: startMinute - longestVisitMinutes, untilMinute: endMinute }
}

function spansOf(appointment: FullAppointment): Span[] {
	const { doctorId, slotMinutes } = appointment
	if (appointment.kind !== 'slot') return [coveringSpan(appointment)]
	return slotMinutes.map(minute => ({ doctorId, fromMinute: minute, untilMinute: minute + oneMinute }))
}

/** Many requests want the same slot, which is read once. */
function distinct(spans: readonly Span[]): Span[] {
	return [...new Map(spans.map(span => [`${span.doctorId}-${span.fromMinute}-${span.untilMinute}`, span])).values()]
}

/** Returns a span that contains every time which the requests ask for. A patient's appointments outside it cannot overlap any of them. */
function wholeSpan(requests: readonly QueueRequest[]): { fromMinute: number; untilMinute: number } {
	const starts = requests.flatMap(request => ('startMinute' in request ? [request.startMinute] : []))
	return { fromMinute: Math.min(...starts), untilMinute: Math.max(...starts) + longestVisitMinutes }
}

type AppointmentRow = {
	id: string
	doctor_id: string
	patient_id: string
	type_id: string
	start_minute: number
	end_minute: number
	slot_minutes: number[]
	type_minutes: number | null
	buffer_minutes: number
	status: AppointmentStatus
	sequence: number
	reason: string | null
	kind: AppointmentKind
	extra_reason: string | null
	allowed_by: string | null
	booked_by: string
	created_ms: string
	updated_ms: string
	patient_name: string
	patient_user_id: string | null
}

function toAppointment(row: AppointmentRow): FullAppointment {
	return {
		id: row.id,
		doctorId: row.doctor_id,
		patientId: row.patient_id,
		typeId: row.type_id,
		startMinute: row.start_minute,
		endMinute: row.end_minute,
		slotMinutes: row.slot_minutes,
		typeMinutes: row.type_minutes ?? undefined,
		bufferMinutes: row.buffer_minutes,
		status: row.status,
		sequence: row.sequence,
		reason: row.reason,
		kind: row.kind,
		extraReason: row.extra_reason,
		allowedBy: row.allowed_by,
		bookedBy: row.booked_by,
		createdAtMs: Number(row.created_ms),
		updatedAtMs: Number(row.updated_ms),
		patientName: row.patient_name,
		patientUserId: row.patient_user_id,
	}
}
