import type { AppointmentStatus, RefusalCode } from '../../contract/index.ts'
import { type StoredSlot, slotKey } from '../slots/availability.ts'
import { consecutiveSlots, whyUnavailable } from '../slots/slot-run.ts'
import type { BookingRequest, CancelRequest, ChangeRequest, RescheduleRequest, StatusRequest } from './request.ts'

/** An appointment as the database has it. */
export type StoredAppointment = {
	id: string
	doctorId: string
	patientId: string
	typeId: string
	startMinute: number
	endMinute: number
	slotMinutes: number[]
	/** How long its type is; undefined when that is no longer known. */
	typeMinutes: number | undefined
	status: AppointmentStatus
	sequence: number
}

/** What became of a request under this key before. */
export type PriorOutcome = { fingerprint: string; requestId: string; refusal: RefusalCode | null; appointmentId: string | null }

export type BusyTime = { appointmentId: string; startMinute: number; endMinute: number }

/** All that a batch is decided by. */
export type State = {
	nowMs: number
	policy: { cancelCutoffMs: number }
	prior: (request: ChangeRequest) => PriorOutcome | undefined
	slot: (doctorId: string, startMinute: number) => StoredSlot | undefined
	/** The account that holds a slot. */
	holderOf: (doctorId: string, startMinute: number) => string | undefined
	appointment: (id: string) => StoredAppointment | undefined
	/** Undefined for a patient who does not exist. */
	busyTimes: (patientId: string) => readonly BusyTime[] | undefined
}

export type AppointmentUpdate = Pick<StoredAppointment, 'doctorId' | 'startMinute' | 'endMinute' | 'slotMinutes' | 'status'>

export type Decision =
	| { do: 'refuse'; code: RefusalCode }
	/** The key was used before, with the same payload. */
	| { do: 'repeat'; prior: PriorOutcome }
	/** The key was used earlier in this batch, with the same payload. */
	| { do: 'repeat-of'; request: ChangeRequest }
	| { do: 'book'; slots: StoredSlot[] }
	| { do: 'update'; before: StoredAppointment; after: AppointmentUpdate; freed: StoredSlot[]; taken: StoredSlot[] }
	/** The appointment moved to another doctor: the request belongs in that queue. */
	| { do: 'forward'; doctorId: string }

export type Decided = { request: ChangeRequest; decision: Decision }

const refuse = (code: RefusalCode): Decision => ({ do: 'refuse', code })

const overlaps = (a: { startMinute: number; endMinute: number }, b: { startMinute: number; endMinute: number }) =>
	a.startMinute < b.endMinute && b.startMinute < a.endMinute

const spanOf = (slots: readonly StoredSlot[]) => ({
	startMinute: (slots[0] as StoredSlot).startMinute,
	endMinute: (slots.at(-1) as StoredSlot).endMinute,
})

/** How much room a moved appointment needs. One shorter than its type was booked without one, as a single slot: it stays one. */
export const minutesToMove = ({ slotMinutes, typeMinutes, startMinute, endMinute }: StoredAppointment): number | undefined =>
	slotMinutes.length === 1 && typeMinutes !== undefined && typeMinutes > endMinute - startMinute ? undefined : typeMinutes

/** The moves that a status allows. Cancelling has a call of its own; a patient marked as a no-show may turn up late. */
export const nextStatuses: Record<AppointmentStatus, readonly AppointmentStatus[]> = {
	booked: ['checked_in', 'in_progress', 'completed', 'no_show'],
	checked_in: ['booked', 'in_progress', 'completed', 'no_show'],
	in_progress: ['checked_in', 'completed'],
	completed: ['in_progress'],
	no_show: ['checked_in'],
	cancelled: [],
}

/** Whether an appointment may still be cancelled or moved; null when it may. */
export const whyNotMovable = (appointment: StoredAppointment, privileged: boolean, cutoffMs: number, nowMs: number): RefusalCode | null => {
	if (appointment.status !== 'booked' && !(privileged && appointment.status === 'checked_in')) return 'wrong_status'
	const latestMs = appointment.startMinute * 60_000 - cutoffMs
	return !privileged && nowMs >= latestMs ? 'too_late' : null
}

/**
 * Decides requests one after the other, each knowing what those before it were given. What one decision changes is
 * remembered here; the state itself is not touched.
 */
export const createDecider = (state: State) => {
	const keys = new Map<string, ChangeRequest>()
	const takenSlots = new Set<string>()
	const freedSlots = new Set<string>()
	const touchedAppointments = new Set<string>()
	const touchedPatients = new Set<string>()
	const newlyBusy = new Map<string, { startMinute: number; endMinute: number }[]>()

	const keyOf = (request: ChangeRequest) => `${request.by} ${request.key}`

	const patientIsBusy = (patientId: string, span: { startMinute: number; endMinute: number }, exceptId?: string) =>
		(state.busyTimes(patientId) ?? []).some(busy => busy.appointmentId !== exceptId && overlaps(busy, span)) ||
		(newlyBusy.get(patientId) ?? []).some(busy => overlaps(busy, span))

	const slotsFor = (doctorId: string, startMinute: number, minutes: number | undefined) =>
		consecutiveSlots(minute => state.slot(doctorId, minute), startMinute, minutes)

	/** Why the slots cannot be had; those that the appointment has already are no obstacle to it. */
	const whyNotHad = (slots: readonly StoredSlot[], by: string, ownAppointmentId?: string): RefusalCode | null => {
		const foreign = slots.filter(slot => ownAppointmentId === undefined || slot.appointment?.id !== ownAppointmentId)
		const first = slots[0] as StoredSlot
		if (first.startMinute * 60_000 <= state.nowMs) return whyUnavailable([first], state.nowMs) ?? 'slot_in_past'
		const unavailable = whyUnavailable(foreign, state.nowMs)
		if (unavailable) return unavailable
		if (foreign.some(slot => takenSlots.has(slotKey(slot)))) return 'slot_booked'
		const heldByOther = foreign.some(slot => {
			const holder = state.holderOf(slot.doctorId, slot.startMinute)
			return holder !== undefined && holder !== by
		})
		return heldByOther ? 'slot_held' : null
	}

	const book = (request: BookingRequest): Decision => {
		if (!state.busyTimes(request.patientId)) return refuse('not_found')
		const run = slotsFor(request.doctorId, request.startMinute, request.minutes)
		if ('refusal' in run) return refuse(run.refusal)
		const code = whyNotHad(run.slots, request.by)
		if (code) return refuse(code)
		if (patientIsBusy(request.patientId, spanOf(run.slots))) return refuse('patient_overlap')
		return { do: 'book', slots: run.slots }
	}

	const slotsOf = (appointment: StoredAppointment): StoredSlot[] =>
		appointment.slotMinutes
			.map(minute => state.slot(appointment.doctorId, minute))
			.filter((slot): slot is StoredSlot => slot?.appointment?.id === appointment.id)

	const cancel = (request: CancelRequest, appointment: StoredAppointment): Decision => {
		const code = whyNotMovable(appointment, request.privileged, state.policy.cancelCutoffMs, state.nowMs)
		if (code) return refuse(code)
		// What has happened, or was missed, is told by its status.
		if (appointment.endMinute * 60_000 <= state.nowMs) return refuse('too_late')
		return { do: 'update', before: appointment, after: { ...appointment, status: 'cancelled' }, freed: slotsOf(appointment), taken: [] }
	}

	const reschedule = (request: RescheduleRequest, appointment: StoredAppointment): Decision => {
		const code = whyNotMovable(appointment, request.privileged, state.policy.cancelCutoffMs, state.nowMs)
		if (code) return refuse(code)
		const run = slotsFor(request.doctorId, request.startMinute, minutesToMove(appointment))
		if ('refusal' in run) return refuse(run.refusal)
		const notHad = whyNotHad(run.slots, request.by, appointment.id)
		if (notHad) return refuse(notHad)
		const span = spanOf(run.slots)
		if (patientIsBusy(appointment.patientId, span, appointment.id)) return refuse('patient_overlap')
		const wanted = new Set(run.slots.map(slotKey))
		return {
			do: 'update',
			before: appointment,
			after: { ...span, doctorId: request.doctorId, slotMinutes: run.slots.map(slot => slot.startMinute), status: appointment.status },
			freed: slotsOf(appointment).filter(slot => !wanted.has(slotKey(slot))),
			taken: run.slots.filter(slot => slot.appointment?.id !== appointment.id),
		}
	}

	const setStatus = (request: StatusRequest, appointment: StoredAppointment): Decision => {
		if (!nextStatuses[appointment.status].includes(request.status)) return refuse('wrong_status')
		return { do: 'update', before: appointment, after: { ...appointment, status: request.status }, freed: [], taken: [] }
	}

	const decideNew = (request: ChangeRequest): Decision => {
		if (request.kind === 'book') return book(request)
		const appointment = state.appointment(request.appointmentId)
		if (!appointment) return refuse('not_found')
		if (request.kind === 'reschedule') return reschedule(request, appointment)
		if (appointment.doctorId !== request.doctorId) return { do: 'forward', doctorId: appointment.doctorId }
		return request.kind === 'cancel' ? cancel(request, appointment) : setStatus(request, appointment)
	}

	/** What an earlier request of this batch changed cannot be decided on again before it is in the database. */
	const dependsOnBatch = (request: ChangeRequest): boolean => {
		if (request.kind === 'book') {
			if (touchedPatients.has(request.patientId)) return true
			const run = slotsFor(request.doctorId, request.startMinute, request.minutes)
			return 'slots' in run && run.slots.some(slot => freedSlots.has(slotKey(slot)))
		}
		if (touchedAppointments.has(request.appointmentId)) return true
		if (request.kind !== 'reschedule') return false
		const appointment = state.appointment(request.appointmentId)
		if (appointment && (touchedPatients.has(appointment.patientId) || newlyBusy.has(appointment.patientId))) return true
		const run = slotsFor(request.doctorId, request.startMinute, appointment && minutesToMove(appointment))
		return 'slots' in run && run.slots.some(slot => freedSlots.has(slotKey(slot)))
	}

	const remember = (request: ChangeRequest, decision: Decision) => {
		keys.set(keyOf(request), request)
		if (decision.do === 'book' && request.kind === 'book') {
			for (const slot of decision.slots) takenSlots.add(slotKey(slot))
			newlyBusy.set(request.patientId, [...(newlyBusy.get(request.patientId) ?? []), spanOf(decision.slots)])
		}
		if (decision.do === 'update') {
			for (const slot of decision.taken) takenSlots.add(slotKey(slot))
			for (const slot of decision.freed) freedSlots.add(slotKey(slot))
			touchedAppointments.add(decision.before.id)
			touchedPatients.add(decision.before.patientId)
		}
	}

	/** The decision, or null when the request must wait for this batch to be in the database. */
	return (request: ChangeRequest): Decision | null => {
		const prior = state.prior(request)
		if (prior) return prior.fingerprint === request.fingerprint ? { do: 'repeat', prior } : refuse('idempotency_mismatch')
		const earlier = keys.get(keyOf(request))
		if (earlier) return earlier.fingerprint === request.fingerprint ? { do: 'repeat-of', request: earlier } : refuse('idempotency_mismatch')
		if (dependsOnBatch(request)) return null
		const decision = decideNew(request)
		remember(request, decision)
		return decision
	}
}

/** Refusals that say that the slot is gone: the caller is offered others. */
export const isSlotRefusal = (code: RefusalCode): boolean => ['slot_booked', 'slot_held', 'slot_blocked', 'slot_in_past'].includes(code)
