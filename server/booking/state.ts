import { readSlots, type Span, type StoredSlot, slotKey } from '../calendar/availability.ts'
import type { Holder } from '../calendar/changes.ts'
import { slotId } from '../calendar/slot-id.ts'
import type { Run } from '../platform/pipeline.ts'
import type { ChangeRequest, QueueRequest } from './request.ts'
import type { State } from './rules.ts'
import { type FullAppointment, type PatientTimes, readAppointments, readOutcomes, readPatients } from './store.ts'

/** Holds of the doctors of a batch, by doctor and minute. */
export type HoldsByDoctor = Map<string, Map<number, Holder>>

/** What a batch is decided by, as read from the database, with what its outcomes are told with. */
export type BatchState = State & {
	appointments: Map<string, FullAppointment>
	patients: Map<string, PatientTimes>
	slots: Map<string, StoredSlot>
}

const oneMinute = 1

const requestedSpan = (request: QueueRequest, holds: HoldsByDoctor, typeMinutes?: number): Span[] => {
	if (request.kind === 'announce') {
		// After a change of the whole schedule, slots that are held may be gone.
		const minutes = request.minutes ?? [...(holds.get(request.doctorId)?.keys() ?? [])]
		return minutes.map(minute => ({ doctorId: request.doctorId, fromMinute: minute, untilMinute: minute + oneMinute }))
	}
	if (request.kind !== 'book' && request.kind !== 'reschedule') return []
	const minutes = (request.kind === 'book' ? request.minutes : typeMinutes) ?? oneMinute
	return [{ doctorId: request.doctorId, fromMinute: request.startMinute, untilMinute: request.startMinute + minutes }]
}

const spansOf = (appointment: FullAppointment): Span[] =>
	appointment.slotMinutes.map(minute => ({ doctorId: appointment.doctorId, fromMinute: minute, untilMinute: minute + oneMinute }))

/** Many want the same slot: it is read once. */
const distinct = (spans: Span[]): Span[] => [
	...new Map(spans.map(span => [`${span.doctorId}-${span.fromMinute}-${span.untilMinute}`, span])).values(),
]

const isChange = (request: QueueRequest): request is ChangeRequest => request.kind !== 'announce'

/** A span that is sure to hold every time the requests ask for: what a patient has outside it cannot be in the way. */
const wholeSpan = (requests: readonly QueueRequest[]) => {
	const starts = requests.flatMap(request => ('startMinute' in request ? [request.startMinute] : []))
	const longest = 8 * 60
	return { fromMinute: Math.min(...starts), untilMinute: Math.max(...starts) + longest }
}

export type ReadStateDeps = { run: Run; requests: readonly QueueRequest[]; holds: HoldsByDoctor; nowMs: number; policy: State['policy'] }

/** Reads everything that the requests depend on: a few statements, however many requests. */
export const readState = async ({ run, requests, holds, nowMs, policy }: ReadStateDeps): Promise<BatchState> => {
	const changes = requests.filter(isChange)
	const appointmentIds = [...new Set(changes.flatMap(request => ('appointmentId' in request ? [request.appointmentId] : [])))]
	const moves = changes.flatMap(request => (request.kind === 'reschedule' ? [request.appointmentId] : []))
	const patientIds = [...new Set(changes.flatMap(request => (request.kind === 'book' ? [request.patientId] : [])))]

	const [prior, asked, slotsAsked, patients] = await Promise.all([
		readOutcomes(run, changes),
		readAppointments(run, appointmentIds),
		readSlots(run, distinct(requests.filter(request => request.kind !== 'reschedule').flatMap(request => requestedSpan(request, holds)))),
		readPatients(run, { patientIds, appointmentIds: moves, ...wholeSpan(requests) }),
	])

	// What is known only by now: slots of existing appointments, and appointments of repeated requests.
	const byId = new Map(asked.map(appointment => [appointment.id, appointment]))
	const repeatedIds = changes.flatMap(request => prior(request)?.appointmentId ?? []).filter(id => !byId.has(id))
	const moved = requests.flatMap(request =>
		request.kind === 'reschedule' ? requestedSpan(request, holds, byId.get(request.appointmentId)?.typeMinutes) : [],
	)
	for (const appointment of await readAppointments(run, repeatedIds)) byId.set(appointment.id, appointment)
	const slotsKnownNow = await readSlots(run, distinct([...[...byId.values()].flatMap(spansOf), ...moved]))

	const slots = new Map([...slotsAsked, ...slotsKnownNow].map(slot => [slotKey(slot), slot]))
	return {
		nowMs,
		policy,
		prior,
		appointments: byId,
		patients,
		slots,
		slot: (doctorId, startMinute) => slots.get(slotId(doctorId, startMinute)),
		holderOf: (doctorId, startMinute) => holds.get(doctorId)?.get(startMinute)?.userId,
		appointment: id => byId.get(id),
		busyTimes: patientId => patients.get(patientId)?.busy,
	}
}
