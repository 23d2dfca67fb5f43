import type { Run } from '../platform/database/pipeline.ts'
import { readSlots, type Span, type StoredSlot, slotKey } from '../slots/availability.ts'
import type { Holder } from '../slots/codec.ts'
import { slotId } from '../slots/slot-id.ts'
import type { ChangeRequest, QueueRequest } from './request.ts'
import type { State } from './rules.ts'
import { type FullAppointment, type PatientTimes, readAppointments, readOutcomes, readPatients } from './store.ts'

/** Holds of the doctors of a batch, by doctor and minute. */
export type HoldsByDoctor = Map<string, Map<number, Holder>>

/** What requests depend on, as the database has it, and what their outcomes are told with. */
export type Facts = {
	prior: State['prior']
	appointments: Map<string, FullAppointment>
	patients: Map<string, PatientTimes>
	slots: Map<string, StoredSlot>
}

/** What a batch is decided by. */
export type BatchState = State & Facts

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

/** Reads everything that the requests depend on: a few statements, however many requests. */
export const readFacts = async (run: Run, requests: readonly QueueRequest[], holds: HoldsByDoctor): Promise<Facts> => {
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
	return { prior, appointments: byId, patients, slots }
}

export const stateOf = (
	facts: Facts,
	{ holds, nowMs, policy }: { holds: HoldsByDoctor } & Pick<State, 'nowMs' | 'policy'>,
): BatchState => ({
	...facts,
	nowMs,
	policy,
	slot: (doctorId, startMinute) => facts.slots.get(slotId(doctorId, startMinute)),
	holderOf: (doctorId, startMinute) => holds.get(doctorId)?.get(startMinute)?.userId,
	appointment: id => facts.appointments.get(id),
	busyTimes: patientId => facts.patients.get(patientId)?.busy,
})
