import {
	type AppointmentKind,
	type AppointmentStatus,
	type ClinicPolicy,
	type RefusalCode,
	refusalProperties,
} from '../../contract/index.ts'
import { whyNotInTerms } from '../clinic/appointment-types.ts'
import { consecutiveSlots, type StoredSlot, slotKey, whyUnavailable } from '../slots/availability.ts'
import type {
	Announcement,
	BesideRequest,
	BookingRequest,
	CancelRequest,
	ChangeRequest,
	EndOfferRequest,
	OfferRequest,
	QueueRequest,
	RescheduleRequest,
	StatusRequest,
	UndoRequest,
} from './requests.ts'

/**
 * Decides the requests of a batch in order. A request that must wait until this batch is in the database is left out, and so are all
 * later requests of the same doctor.
 */
export function decideBatch(state: State, requests: readonly QueueRequest[]): { decided: Decided[]; announced: Announcement[] } {
	const decide = createDecider(state)
	const decided: Decided[] = []
	const announced: Announcement[] = []
	const waiting = new Set<string>()
	for (const request of requests) {
		if (waiting.has(request.doctorId)) continue
		if (request.kind === 'announce') {
			announced.push(request)
			continue
		}
		const decision = decide(request)
		if (decision === null) waiting.add(request.doctorId)
		else decided.push({ request, decision })
	}
	return { decided, announced }
}

/**
 * Decides requests one after the other, each in the light of the decisions before it. Returns null for a request that must wait for
 * this batch. The decider remembers what its decisions change and never modifies the state.
 */
export function createDecider(state: State): (request: ChangeRequest) => Decision | null {
	const keys = new Map<string, ChangeRequest>()
	const takenSlots = new Set<string>()
	const freedSlots = new Set<string>()
	const touchedAppointments = new Set<string>()
	/** Offers that the batch accepts or ends, and patients to whom it makes one. */
	const endedOffers = new Set<string>()
	const newlyOffered = new Set<string>()
	const touchedPatients = new Set<string>()
	const newlyBusy = new Map<string, Span[]>()
	const newlyUpcoming = new Map<string, number>()
	/** Visits that the batch adds to days with a limit, and days of doctors and types that it takes visits from. */
	const addedVisits = new Map<string, number>()
	const touchedTypes = new Set<string>()

	return function decide(request) {
		const prior = state.prior(request)
		if (prior) return isSamePayload(prior, request) ? { do: 'repeat', prior } : refuse('idempotency_mismatch')
		const earlier = keys.get(keyOf(request))
		if (earlier) return earlier.fingerprint === request.fingerprint ? { do: 'repeat-of', request: earlier } : refuse('idempotency_mismatch')
		if (dependsOnBatch(request)) return null
		const decision = decideNew(request)
		remember(request, decision)
		return decision
	}

	/** Fingerprints are kept for a day. After that only the appointment shows what its key was used for. */
	function isSamePayload({ fingerprint, appointmentId }: PriorOutcome, request: ChangeRequest): boolean {
		if (fingerprint !== null) return fingerprint === request.fingerprint
		const made = state.appointment(appointmentId ?? '')
		if (!('patientId' in request) || !made) return false
		return made.doctorId === request.doctorId && made.startMinute === request.startMinute && made.patientId === request.patientId
	}

	/**
	 * Whether an earlier request of this batch changed what this one is decided on. It must then wait until that change is in the
	 * database.
	 */
	function dependsOnBatch(request: ChangeRequest): boolean {
		if ('terms' in request && request.terms?.dailyLimit != null && touchedTypes.has(`${request.doctorId} ${request.typeId}`)) return true
		if (request.kind === 'book-beside') return touchedPatients.has(request.patientId)
		if (request.kind === 'end-offer') return false
		if (request.kind === 'offer')
			return touchedPatients.has(request.patientId) || newlyOffered.has(request.patientId) || isOnFreedSlot(request, request.minutes)
		if (request.kind === 'book')
			return touchedPatients.has(request.patientId) || isOnFreedSlot(request, withBuffer(request.minutes, request.bufferMinutes))
		if (touchedAppointments.has(request.appointmentId)) return true
		if (request.kind !== 'reschedule' && request.kind !== 'undo') return false
		const appointment = state.appointment(request.appointmentId)
		if (appointment && (touchedPatients.has(appointment.patientId) || newlyBusy.has(appointment.patientId))) return true
		if (request.kind === 'undo') return request.slotMinutes.some(minute => freedSlots.has(slotKey({ ...request, startMinute: minute })))
		return isOnFreedSlot(request, appointment && roomToMove(appointment))
	}

	function isOnFreedSlot({ doctorId, startMinute }: { doctorId: string; startMinute: number }, minutes: number | undefined): boolean {
		const run = slotsFor(doctorId, startMinute, minutes)
		return 'slots' in run && run.slots.some(slot => freedSlots.has(slotKey(slot)))
	}

	function decideNew(request: ChangeRequest): Decision {
		if (request.kind === 'book') return book(request)
		if (request.kind === 'book-beside') return bookBeside(request)
		if (request.kind === 'offer') return offer(request)
		if (request.kind === 'end-offer') return endOffer(request)
		const appointment = state.appointment(request.appointmentId)
		if (!appointment) return refuse('not_found')
		if (request.kind === 'reschedule') return reschedule(request, appointment)
		if (request.kind === 'undo') return undo(request, appointment)
		if (appointment.doctorId !== request.doctorId) return { do: 'forward', doctorId: appointment.doctorId }
		return request.kind === 'cancel' ? cancel(request, appointment) : setStatus(request, appointment)
	}

	function book(request: BookingRequest): Decision {
		if (request.offerId !== undefined && whyNotAccepted(request.offerId)) return refuse('offer_ended')
		const patient = state.patient(request.patientId)
		if (!patient) return refuse('not_found')
		const run = slotsFor(request.doctorId, request.startMinute, withBuffer(request.minutes, request.bufferMinutes))
		if ('refusal' in run) return refuse(run.refusal)
		const code = whyNotHad(run.slots, request, patient)
		if (code) return refuse(code)
		const span = visitIn(run.slots, request.minutes)
		if (isPatientBusy(request.patientId, span)) return refuse('patient_overlap')
		const outOfTerms = whyNotOfType(request)
		if (outOfTerms) return refuse(outOfTerms)
		if (!request.privileged && hasEnough(request.patientId, patient)) return refuse('upcoming_limit')
		return { do: 'book', slots: run.slots, endMinute: span.endMinute }
	}

	/** The patient's other visits are no obstacle but one: the visit that the offered one would replace. */
	function offer(request: OfferRequest): Decision {
		const patient = state.patient(request.patientId)
		if (!patient) return refuse('not_found')
		const run = slotsFor(request.doctorId, request.startMinute, request.minutes)
		if ('refusal' in run) return refuse(run.refusal)
		const code = whyNotHad(run.slots, request, patient)
		if (code) return refuse(code)
		return isPatientBusy(request.patientId, visitIn(run.slots, request.minutes), request.replaces)
			? refuse('patient_overlap')
			: { do: 'offer', slots: run.slots }
	}

	function endOffer({ offerId, as, doctorId, startMinute, minutes }: EndOfferRequest): Decision {
		if (!isOpen(offerId)) return refuse('offer_ended')
		const slots = state.slotsOf(doctorId, startMinute, minutes).filter(slot => slot.offer?.id === offerId)
		return { do: 'end-offer', offerId, as, slots }
	}

	/** An offer whose time is over is expired, though no sweep has found it yet. */
	function whyNotAccepted(offerId: string): boolean {
		const untilMs = state.offer(offerId)?.untilMs
		return !isOpen(offerId) || (untilMs != null && untilMs <= state.nowMs)
	}

	function isOpen(offerId: string): boolean {
		return state.offer(offerId)?.isOpen === true && !endedOffers.has(offerId)
	}

	/** Slots are no obstacle to a visit beside them; another visit of the same patient is. */
	function bookBeside(request: BesideRequest): Decision {
		if (!state.patient(request.patientId)) return refuse('not_found')
		if (request.visit === 'extra' && !mayOverbook(state.policy.overbooking, request.askedAs)) return refuse('forbidden')
		const span = spanBeside(request)
		if (span.endMinute * 60_000 <= state.nowMs) return refuse('slot_in_past')
		return isPatientBusy(request.patientId, span) ? refuse('patient_overlap') : { do: 'book-beside' }
	}

	/** Whether the patient has as many visits to come as the clinic allows. */
	function hasEnough(patientId: string, { upcoming }: Patient): boolean {
		const { maxUpcoming } = state.policy
		return maxUpcoming !== undefined && upcoming + (newlyUpcoming.get(patientId) ?? 0) >= maxUpcoming
	}

	function reschedule(request: RescheduleRequest, appointment: StoredAppointment): Decision {
		if (request.offerId !== undefined && whyNotAccepted(request.offerId)) return refuse('offer_ended')
		const code = whyNotMovable(appointment, request.privileged, state.policy.cancelCutoffMs, state.nowMs)
		if (code) return refuse(code)
		const run = slotsFor(request.doctorId, request.startMinute, request.minutes ?? roomToMove(appointment))
		if ('refusal' in run) return refuse(run.refusal)
		const notHad = whyNotHad(run.slots, request, state.patient(appointment.patientId), appointment.id)
		if (notHad) return refuse(notHad)
		const span = visitIn(run.slots, minutesToMove(appointment))
		if (isPatientBusy(appointment.patientId, span, appointment.id)) return refuse('patient_overlap')
		const outOfTerms = whyNotOfType(request, appointment)
		if (outOfTerms) return refuse(outOfTerms)
		const wanted = new Set(run.slots.map(slotKey))
		return {
			do: 'update',
			before: appointment,
			after: { ...span, doctorId: request.doctorId, slotMinutes: run.slots.map(slot => slot.startMinute), status: appointment.status },
			freed: slotsOf(appointment).filter(slot => !wanted.has(slotKey(slot))),
			taken: run.slots.filter(slot => slot.appointment?.id !== appointment.id),
		}
	}

	function cancel(request: CancelRequest, appointment: StoredAppointment): Decision {
		const code = whyNotMovable(appointment, request.privileged, state.policy.cancelCutoffMs, state.nowMs)
		if (code) return refuse(code)
		// A visit that has ended took place or was missed, and its status says which.
		if (appointment.endMinute * 60_000 <= state.nowMs) return refuse('too_late')
		return { do: 'update', before: appointment, after: { ...appointment, status: 'cancelled' }, freed: slotsOf(appointment), taken: [] }
	}

	function setStatus(request: StatusRequest, appointment: StoredAppointment): Decision {
		if (!nextStatuses[appointment.status].includes(request.status)) return refuse('wrong_status')
		const isToCome = appointment.status !== 'in_progress' && state.nowMs < appointment.startMinute * 60_000
		if (isToCome && (request.status === 'completed' || request.status === 'no_show')) return refuse('wrong_status')
		return { do: 'update', before: appointment, after: { ...appointment, status: request.status }, freed: [], taken: [] }
	}

	/** Has the slots again that the appointment had, as it had them: the rules for new bookings do not apply. */
	function undo(request: UndoRequest, appointment: StoredAppointment): Decision {
		if (appointment.sequence !== request.sequence) return refuse('wrong_status')
		const { doctorId, startMinute, endMinute, slotMinutes, status } = request
		if (status === 'cancelled')
			return { do: 'update', before: appointment, after: { ...appointment, status }, freed: slotsOf(appointment), taken: [] }
		const slots = slotMinutes.flatMap(minute => state.slot(doctorId, minute) ?? [])
		if (slots.length < slotMinutes.length) return refuse('slot_blocked')
		const foreign = slots.filter(slot => slot.appointment?.id !== appointment.id)
		// A visit that has begun meanwhile may come back, too.
		const unavailable = whyUnavailable(foreign, 0) ?? whyTaken(foreign, request, state.patient(appointment.patientId))
		if (unavailable) return refuse(unavailable)
		if (isPatientBusy(appointment.patientId, request, appointment.id)) return refuse('patient_overlap')
		const wanted = new Set(slots.map(slotKey))
		return {
			do: 'update',
			before: appointment,
			after: { doctorId, startMinute, endMinute, slotMinutes, status },
			freed: slotsOf(appointment).filter(slot => !wanted.has(slotKey(slot))),
			taken: foreign,
		}
	}

	/** Why the request cannot have the slots. Slots that the appointment already has are no obstacle. */
	function whyNotHad(
		slots: readonly StoredSlot[],
		request: ChangeRequest,
		patient: Patient | undefined,
		ownAppointmentId?: string,
	): RefusalCode | null {
		const accepted = 'offerId' in request ? request.offerId : undefined
		// Slots are lost to an offer when the hours or a time off have taken them.
		if (accepted !== undefined && slots.some(slot => slot.offer?.id !== accepted)) return 'offer_ended'
		const offered = accepted === undefined ? slots : slots.map(({ offer: _, ...slot }) => slot)
		const foreign = offered.filter(slot => ownAppointmentId === undefined || slot.appointment?.id !== ownAppointmentId)
		const first = offered[0] as StoredSlot
		const until = request.privileged ? 'end' : 'start'
		const lastMinute = request.privileged ? first.endMinute : first.startMinute
		if (lastMinute * 60_000 <= state.nowMs) return whyUnavailable([first], state.nowMs, until) ?? 'slot_in_past'
		const unavailable = whyUnavailable(foreign, state.nowMs, until)
		return unavailable ?? whyTaken(foreign, request, patient)
	}

	/** Whether a decision of this batch, or another account's hold, has one of the slots. */
	function whyTaken(foreign: readonly StoredSlot[], request: ChangeRequest, patient: Patient | undefined): RefusalCode | null {
		if (foreign.some(slot => takenSlots.has(slotKey(slot)))) return 'slot_booked'
		const isHeldByOther = foreign.some(({ doctorId, startMinute }) => {
			const holder = state.holderOf(doctorId, startMinute)
			return holder !== undefined && holder !== claimantOf(request, patient, holder)
		})
		return isHeldByOther ? 'slot_held' : null
	}

	/** Why the type's notice, horizon or limit a day refuses the request. An appointment that stays on its day needs no more room on it. */
	function whyNotOfType(request: BookingRequest | RescheduleRequest, moved?: StoredAppointment): RefusalCode | null {
		const { terms, startMinute, privileged } = request
		if (!terms) return null
		const outOfTerms = whyNotInTerms(terms, startMinute, !privileged, state.nowMs)
		if (outOfTerms) return outOfTerms
		const day = state.day(request)
		if (terms.dailyLimit === null || !day || (moved && isOnDay(moved, day))) return null
		return day.visits + (addedVisits.get(nameOf(day)) ?? 0) >= terms.dailyLimit ? 'daily_limit' : null
	}

	function slotsFor(doctorId: string, startMinute: number, minutes: number | undefined) {
		return consecutiveSlots(minute => state.slot(doctorId, minute), startMinute, minutes)
	}

	function slotsOf(appointment: StoredAppointment): StoredSlot[] {
		return appointment.slotMinutes
			.map(minute => state.slot(appointment.doctorId, minute))
			.filter((slot): slot is StoredSlot => slot?.appointment?.id === appointment.id)
	}

	function isPatientBusy(patientId: string, span: Span, exceptId?: string): boolean {
		const busy = state.patient(patientId)?.busy ?? []
		return (
			busy.some(each => each.appointmentId !== exceptId && overlaps(each, span)) ||
			(newlyBusy.get(patientId) ?? []).some(each => overlaps(each, span))
		)
	}

	function remember(request: ChangeRequest, decision: Decision): void {
		keys.set(keyOf(request), request)
		if ('offerId' in request && request.offerId !== undefined && decision.do !== 'refuse') endedOffers.add(request.offerId)
		if (decision.do === 'offer') for (const slot of decision.slots) takenSlots.add(slotKey(slot))
		if (decision.do === 'offer' && request.kind === 'offer') newlyOffered.add(request.patientId)
		if (decision.do === 'end-offer') for (const slot of decision.slots) freedSlots.add(slotKey(slot))
		const day = decision.do === 'book' || decision.do === 'update' ? state.day(request) : undefined
		const isAdded = day && !(decision.do === 'update' && isOnDay(decision.before, day))
		if (isAdded) addedVisits.set(nameOf(day), (addedVisits.get(nameOf(day)) ?? 0) + 1)
		if ((decision.do === 'book' || decision.do === 'book-beside') && 'patientId' in request) {
			const { patientId } = request
			if (decision.do === 'book') for (const slot of decision.slots) takenSlots.add(slotKey(slot))
			const span =
				request.kind === 'book-beside'
					? spanBeside(request)
					: decision.do === 'book'
						? { startMinute: request.startMinute, endMinute: decision.endMinute }
						: undefined
			if (span) newlyBusy.set(patientId, [...(newlyBusy.get(patientId) ?? []), span])
			newlyUpcoming.set(patientId, (newlyUpcoming.get(patientId) ?? 0) + 1)
		}
		if (decision.do === 'update') {
			for (const slot of decision.taken) takenSlots.add(slotKey(slot))
			for (const slot of decision.freed) freedSlots.add(slotKey(slot))
			touchedAppointments.add(decision.before.id)
			touchedPatients.add(decision.before.patientId)
			touchedTypes.add(`${decision.before.doctorId} ${decision.before.typeId}`)
		}
	}
}

/** Everything that decisions depend on. */
export type State = {
	nowMs: number
	policy: BookingPolicy
	prior: (request: ChangeRequest) => PriorOutcome | undefined
	slot: (doctorId: string, startMinute: number) => StoredSlot | undefined
	/** The account that holds a slot. */
	holderOf: (doctorId: string, startMinute: number) => string | undefined
	appointment: (id: string) => StoredAppointment | undefined
	/** An offer that a request names. */
	offer: (id: string) => { isOpen: boolean; untilMs: number | null } | undefined
	/** The known slots of a span. */
	slotsOf: (doctorId: string, startMinute: number, minutes: number) => StoredSlot[]
	/** The day of a booking or move whose type has a limit of visits a day. */
	day: (request: ChangeRequest) => VisitDay | undefined
	/** Undefined for a patient who does not exist. */
	patient: (id: string) => Patient | undefined
}

/** What the clinic allows, as far as bookings depend on it. */
export type BookingPolicy = {
	cancelCutoffMs: number
	/** How many visits to come a patient may book; undefined without a limit. */
	maxUpcoming?: number | undefined
	/** Who may book a visit outside or on top of slots. */
	overbooking: ClinicPolicy['overbooking']
}

/** An appointment as the database has it. */
export type StoredAppointment = {
	id: string
	doctorId: string
	patientId: string
	typeId: string
	startMinute: number
	endMinute: number
	slotMinutes: number[]
	/** Length of the appointment's type; undefined when that is no longer known. */
	typeMinutes: number | undefined
	/** Of the appointment's type, after a visit. */
	bufferMinutes: number
	status: AppointmentStatus
	kind: AppointmentKind
	sequence: number
}

/** A patient's account, if there is one, and the patient's active appointments. */
export type Patient = { userId: string | null; busy: readonly BusyTime[]; upcoming: number }

/** A doctor's local day, and how many visits of a type are on it. */
export type VisitDay = { doctorId: string; typeId: string; fromMinute: number; untilMinute: number; visits: number }

export type BusyTime = Span & { appointmentId: string }

type Span = { startMinute: number; endMinute: number }

/** The outcome of an earlier request under this key. Without a fingerprint that was more than a day ago. */
export type PriorOutcome = {
	fingerprint: string | null
	requestId: string | null
	refusal: RefusalCode | null
	appointmentId: string | null
}

export type Decided = { request: ChangeRequest; decision: Decision }

export type Decision =
	| { do: 'refuse'; code: RefusalCode }
	/** The key was used before, with the same payload. */
	| { do: 'repeat'; prior: PriorOutcome }
	/** The key was used earlier in this batch, with the same payload. */
	| { do: 'repeat-of'; request: ChangeRequest }
	/** The visit ends with `endMinute`; slots after it are its buffer. */
	| { do: 'book'; slots: StoredSlot[]; endMinute: number }
	/** Outside or on top of slots: the request says all. */
	| { do: 'book-beside' }
	| { do: 'update'; before: StoredAppointment; after: AppointmentUpdate; freed: StoredSlot[]; taken: StoredSlot[] }
	| { do: 'offer'; slots: StoredSlot[] }
	| { do: 'end-offer'; offerId: string; as: EndOfferRequest['as']; slots: StoredSlot[] }
	/** The appointment moved to another doctor, so the request belongs in that doctor's mailbox. */
	| { do: 'forward'; doctorId: string }

export type AppointmentUpdate = Pick<StoredAppointment, 'doctorId' | 'startMinute' | 'endMinute' | 'slotMinutes' | 'status'>

/** The statuses that may follow each status. Cancelling is a command of its own. A patient marked as a no-show may still arrive late. */
export const nextStatuses: Record<AppointmentStatus, readonly AppointmentStatus[]> = {
	booked: ['checked_in', 'in_progress', 'completed', 'no_show'],
	checked_in: ['booked', 'in_progress', 'completed', 'no_show'],
	in_progress: ['checked_in', 'completed'],
	completed: ['in_progress'],
	no_show: ['checked_in'],
	cancelled: [],
}

/** The account whose hold does not refuse the request: the caller's own, or for staff also the patient's. */
export function claimantOf({ by, privileged }: ChangeRequest, patient: Patient | undefined, holder: string | undefined): string {
	return privileged && holder !== undefined && holder === patient?.userId ? holder : by
}

/** Why an appointment can no longer be cancelled or moved; null when it can. */
export function whyNotMovable(appointment: StoredAppointment, privileged: boolean, cutoffMs: number, nowMs: number): RefusalCode | null {
	if (appointment.status !== 'booked' && !(privileged && appointment.status === 'checked_in')) return 'wrong_status'
	const latestMs = appointment.startMinute * 60_000 - cutoffMs
	return !privileged && nowMs >= latestMs ? 'too_late' : null
}

/** How much room a moved appointment needs. An appointment shorter than its type was booked as a single slot, and stays a single slot. */
export function minutesToMove({ slotMinutes, typeMinutes, startMinute, endMinute }: StoredAppointment): number | undefined {
	return slotMinutes.length === 1 && typeMinutes !== undefined && typeMinutes > endMinute - startMinute ? undefined : typeMinutes
}

/** Whether the clinic's policy lets the caller book outside or on top of slots. */
function mayOverbook(policy: ClinicPolicy['overbooking'], askedAs: BesideRequest['askedAs']): boolean {
	switch (policy) {
		case 'nobody':
			return false
		case 'staff':
			return askedAs === 'staff'
		case 'doctors_and_staff':
			return true
	}
}

function spanBeside({ startMinute, minutes }: BesideRequest): Span {
	return { startMinute, endMinute: startMinute + minutes }
}

/** The room of a visit with the buffer after it; undefined for a single slot. */
export function withBuffer(minutes: number | undefined, bufferMinutes = 0): number | undefined {
	return minutes === undefined ? undefined : minutes + bufferMinutes
}

/** How much room a moved appointment needs with its buffer. */
export function roomToMove(appointment: StoredAppointment): number | undefined {
	return withBuffer(minutesToMove(appointment), appointment.bufferMinutes)
}

/** Whether the code says that the slot is gone, so that the caller is offered alternatives. */
export function isSlotRefusal(code: RefusalCode): boolean {
	return refusalProperties(code).offersAlternatives === true
}

/** The code with which the decision refuses, now or when the request was first decided. */
export function refusalOf({ decision }: Decided): RefusalCode | null {
	return decision.do === 'refuse' ? decision.code : decision.do === 'repeat' ? decision.prior.refusal : null
}

function nameOf({ doctorId, typeId, fromMinute }: VisitDay): string {
	return `${doctorId} ${typeId} ${fromMinute}`
}

function isOnDay({ doctorId, startMinute }: StoredAppointment, day: VisitDay): boolean {
	return doctorId === day.doctorId && startMinute >= day.fromMinute && startMinute < day.untilMinute
}

function refuse(code: RefusalCode): Decision {
	return { do: 'refuse', code }
}

function keyOf(request: ChangeRequest): string {
	return `${request.by} ${request.key}`
}

function overlaps(a: Span, b: Span): boolean {
	return a.startMinute < b.endMinute && b.startMinute < a.endMinute
}

/** The visit within its slots: it ends with the slot in which its minutes do. The slots after that are its buffer. */
function visitIn(slots: readonly StoredSlot[], minutes = 1): Span {
	const { startMinute } = slots[0] as StoredSlot
	const last = slots.find(({ endMinute }) => endMinute >= startMinute + minutes) ?? (slots.at(-1) as StoredSlot)
	return { startMinute, endMinute: last.endMinute }
}
