import type { AppointmentChange, AppointmentKind } from '../../contract/index.ts'
import { availabilityOf, type ShownOffer, type StoredSlot } from '../slots/availability.ts'
import { type FullSlot, fullSlot } from '../slots/codec.ts'
import { parseSlotId, slotId } from '../slots/slot-id.ts'
import type { AlternativesFor } from './alternatives.ts'
import { type Facts, type FullAppointment, type HoldsByDoctor, toWire } from './facts.ts'
import type {
	Announcement,
	BesideRequest,
	BookingRequest,
	ChangeRequest,
	EndOfferRequest,
	Happening,
	OfferRequest,
	Outcome,
	QueueRequest,
	SettledOutcome,
	UndoRequest,
} from './requests.ts'
import { type AppointmentUpdate, type Decided, type Decision, isSlotRefusal, refusalOf } from './rules.ts'
import type { Written } from './write.ts'

/** Turns a written batch into outcomes for its callers and effects for others. Pure. */
export function outcomesOf(batch: WrittenBatch): Settled {
	const { facts, requests, holds, decided, announced, won, written, alternativesFor } = batch
	const drained = new Set(requests.map(({ doctorId }) => doctorId))
	const newIds = new Map(written.bookings.map(({ by, key, id }) => [`${by} ${key}`, id]))
	const outcomeById = new Map<string, Outcome>()
	/** Slots that the statement offered, among them slots beside the freed ones. */
	const offered = new Map<string, ShownOffer>()
	const settled: Settled = {
		requests: new Set([...decided.map(({ request }) => request), ...announced]),
		outcomes: [],
		changes: new Map(),
		elsewhere: [],
		happenings: [],
		endedHolds: won.map(({ slot, userId }) => ({ doctorId: slot.doctorId, startMinute: slot.startMinute, userId })),
		resets: new Set(),
		offersChanged: written.offered.length > 0,
	}
	for (const { doctorId, minutes, ...offer } of written.offered) for (const minute of minutes) offered.set(slotId(doctorId, minute), offer)
	// Announcements come first, because they publish slots as they were read, before the changes of this batch.
	for (const announcement of announced) publishAnnounced(announcement)
	for (const each of decided) {
		const outcome = outcomeOf(each)
		outcomeById.set(each.request.id, outcome)
		settled.outcomes.push({ request: each.request, outcome })
	}
	publishOffered()
	return settled

	function publishAnnounced({ doctorId, minutes }: Announcement): void {
		if (minutes) {
			publish(minutes.flatMap(minute => facts.slots.get(slotId(doctorId, minute)) ?? []))
			return
		}
		settled.resets.add(doctorId)
		for (const [startMinute, { userId }] of holds.get(doctorId) ?? []) {
			const slot = facts.slots.get(slotId(doctorId, startMinute))
			if (!slot || availabilityOf(slot, facts.nowMs) !== 'free') settled.endedHolds.push({ doctorId, startMinute, userId })
		}
	}

	function outcomeOf(each: Decided): Outcome {
		const { request, decision } = each
		if (decision.do === 'forward') return { forward: decision.doctorId }
		if (request.kind === 'offer' || request.kind === 'end-offer') return offerOutcome(request, each)
		if (decision.do === 'repeat-of') return outcomeById.get(decision.request.id) ?? { refused: 'internal' }
		const code = refusalOf(each)
		if (code) {
			const alternatives = alternativesFor(request)
			return { refused: code, ...(alternatives && { alternatives }) }
		}
		const appointment = appointmentAfter(each)
		if (!appointment) return { refused: 'internal' }
		if ('offerId' in request && request.offerId !== undefined) settled.offersChanged = true
		// A node may have crashed between writing this very request and its effects. A caller's repetition has another id, and its
		// effects are done.
		if (decision.do !== 'repeat' || decision.prior.requestId === request.id) publishDone(request, each, appointment)
		return { done: toWire(appointment) }
	}

	/** A slot beside the freed ones may not be among the facts: the next batch reads and publishes it. */
	function publishOffered(): void {
		for (const id of offered.keys()) {
			const slot = facts.slots.get(id)
			const ref = parseSlotId(id)
			if (slot) publish([{ ...slot, appointment: null }])
			else if (ref) settled.elsewhere.push({ kind: 'announce', doctorId: ref.doctorId, minutes: [ref.startMinute] })
		}
	}

	function offerOutcome(request: OfferRequest | EndOfferRequest, each: Decided): Outcome {
		const { decision } = each
		const code = refusalOf(each)
		if (code) {
			const alternatives = alternativesFor(request)
			return { refused: code, ...(alternatives && { alternatives }) }
		}
		// Of a repetition only the span is known: its slots are published as they are now.
		if (decision.do === 'repeat') publish(facts.slotsOf(request.doctorId, request.startMinute, request.minutes ?? 1))
		if (decision.do === 'end-offer') publish(decision.slots.map(({ offer: _, ...slot }) => slot))
		settled.offersChanged = true
		return { offer: 'settled' }
	}

	/** The appointment as it is after the decision. */
	function appointmentAfter({ request, decision }: Decided): FullAppointment | undefined {
		if (decision.do === 'update') {
			const before = facts.appointments.get(decision.before.id)
			return (
				before && {
					...before,
					...decision.after,
					kind: kindAfter(before, decision.after),
					sequence: before.sequence + 1,
					updatedAtMs: written.atMs,
				}
			)
		}
		if (decision.do === 'repeat') return facts.appointments.get(decision.prior.appointmentId ?? '')
		const id = newIds.get(`${request.by} ${request.key}`)
		if ((request.kind !== 'book' && request.kind !== 'book-beside') || !id) return undefined
		const patient = facts.patients.get(request.patientId)
		return {
			id,
			doctorId: request.doctorId,
			patientId: request.patientId,
			typeId: request.typeId,
			...placeOf(request, decision),
			typeMinutes: request.minutes,
			bufferMinutes: request.kind === 'book' ? (request.bufferMinutes ?? 0) : 0,
			sequence: 0,
			reason: request.reason ?? null,
			bookedBy: request.by,
			createdAtMs: written.atMs,
			updatedAtMs: written.atMs,
			patientName: patient?.name ?? '',
			patientUserId: patient?.userId ?? null,
		}
	}

	function publishDone(request: Exclude<ChangeRequest, OfferRequest | EndOfferRequest>, each: Decided, appointment: FullAppointment): void {
		const { decision } = each
		publish(slotsAfter(each, appointment))
		publishCovered(each, appointment)
		// The database no longer knows which slots a move left, so the whole calendar is reset.
		if (decision.do === 'repeat' && (request.kind === 'reschedule' || request.kind === 'undo'))
			for (const id of new Set([request.doctorId, request.fromDoctorId])) resetCalendar(id)
		const doctorIds = decision.do === 'update' ? [decision.before.doctorId, appointment.doctorId] : [appointment.doctorId]
		settled.happenings.push({
			appointment: toWire(appointment),
			change: changeName(request),
			patientUserId: appointment.patientUserId,
			doctorIds: [...new Set(doctorIds)],
		})
	}

	/** The slots that the decision concerns, as they are after the batch. */
	function slotsAfter({ decision }: Decided, appointment: FullAppointment): StoredSlot[] {
		const known = appointment.slotMinutes.flatMap(minute => facts.slots.get(slotId(appointment.doctorId, minute)) ?? [])
		// A repetition publishes the slots as they are now, which may be later than its own change.
		if (decision.do === 'repeat') return known
		const shown = { id: appointment.id, status: appointment.status, patientName: appointment.patientName }
		const freed = decision.do === 'update' ? decision.freed.map(slot => ({ ...slot, appointment: null })) : []
		const occupied =
			appointment.status === 'cancelled'
				? []
				: known.map(slot => ({
						...slot,
						appointment: slot.startMinute >= appointment.endMinute ? { ...shown, buffer: true as const } : shown,
					}))
		return [...freed, ...occupied]
	}

	/**
	 * Visits beside slots are shown on the slots that they cover. An announcement has the next batch read and publish these, because
	 * other requests of this batch may concern the same slots.
	 */
	function publishCovered({ decision }: Decided, appointment: FullAppointment): void {
		const visits = [appointment, ...(decision.do === 'update' ? [facts.appointments.get(decision.before.id)] : [])]
		for (const visit of visits) {
			if (!visit || visit.kind === 'slot') continue
			const covered = [...facts.slots.values()].filter(
				slot => slot.doctorId === visit.doctorId && slot.startMinute < visit.endMinute && slot.endMinute > visit.startMinute,
			)
			const minutes = covered.map(({ startMinute }) => startMinute)
			if (minutes.length > 0) settled.elsewhere.push({ kind: 'announce', doctorId: visit.doctorId, minutes })
		}
	}

	function publish(slots: readonly StoredSlot[]): void {
		for (const slot of slots) {
			const { doctorId, startMinute } = slot
			if (!drained.has(doctorId)) {
				settled.elsewhere.push({ kind: 'announce', doctorId, minutes: [startMinute] })
				continue
			}
			// Left out here: the publishing script adds the holds of that moment.
			const offer = offered.get(slotId(doctorId, startMinute))
			const full = fullSlot(offer ? { ...slot, offer } : slot, undefined, facts.nowMs)
			const list = settled.changes.get(doctorId)
			if (list) list.push(full)
			else settled.changes.set(doctorId, [full])
			const holder = holds.get(doctorId)?.get(startMinute)
			if (holder && full.state !== 'free') settled.endedHolds.push({ doctorId, startMinute, userId: holder.userId })
		}
	}

	function resetCalendar(doctorId: string): void {
		if (drained.has(doctorId)) settled.resets.add(doctorId)
		else settled.elsewhere.push({ kind: 'announce', doctorId, minutes: undefined })
	}
}

/** Where and as what a new appointment stands. */
function placeOf(request: BookingRequest | BesideRequest, decision: Decided['decision']) {
	if (request.kind === 'book-beside') {
		const { visit, startMinute, minutes, extraReason, by } = request
		return {
			startMinute,
			endMinute: startMinute + minutes,
			slotMinutes: [],
			status: visit === 'walk_in' ? ('checked_in' as const) : ('booked' as const),
			kind: visit,
			extraReason: extraReason ?? null,
			allowedBy: by,
		}
	}
	const { slots, endMinute } = decision as Extract<Decision, { do: 'book' }>
	return {
		startMinute: request.startMinute,
		endMinute,
		slotMinutes: slots.map(slot => slot.startMinute),
		status: 'booked' as const,
		kind: 'slot' as const,
		extraReason: null,
		allowedBy: null,
	}
}

/** As settle.sql has it. */
function kindAfter({ kind, extraReason }: FullAppointment, { slotMinutes }: AppointmentUpdate): AppointmentKind {
	if (slotMinutes.length > 0) return 'slot'
	return kind !== 'slot' ? kind : extraReason === null ? 'walk_in' : 'extra'
}

/** The outcome of a single request that is refused without a look at the database. */
export function refusedOutcome({
	decided,
	alternativesFor,
	requests,
}: Pick<WrittenBatch, 'decided' | 'alternativesFor' | 'requests'>): Settled {
	return {
		requests: new Set(requests),
		outcomes: decided.map(each => {
			const code = refusalOf(each) ?? 'internal'
			const alternatives = isSlotRefusal(code) ? alternativesFor(each.request) : undefined
			return { request: each.request, outcome: { refused: code, ...(alternatives && { alternatives }) } }
		}),
		changes: new Map(),
		elsewhere: [],
		happenings: [],
		endedHolds: [],
		resets: new Set(),
		offersChanged: false,
	}
}

export type WrittenBatch = {
	facts: Facts
	requests: readonly QueueRequest[]
	holds: HoldsByDoctor
	decided: readonly Decided[]
	announced: readonly Announcement[]
	/** Slots that the batch takes, each with the account that claimed it. */
	won: readonly { slot: StoredSlot; userId: string }[]
	written: Written
	alternativesFor: AlternativesFor
}

export type Settled = {
	/** Requests that are settled. The others depend on them and wait for the next batch. */
	requests: ReadonlySet<QueueRequest>
	outcomes: SettledOutcome[]
	/** Slots to publish, by doctor, in order. The publishing script adds their holds. */
	changes: Map<string, FullSlot[]>
	/** Changes of other doctors' calendars, which those doctors' mailboxes publish in their own order. */
	elsewhere: Announcement[]
	happenings: Happening[]
	/** Holds that end with the batch: their slots are booked, blocked or gone. */
	endedHolds: EndedHold[]
	/** Calendars whose watchers start over from a snapshot. */
	resets: Set<string>
	/** Whether offers were made or ended, so that people are told. */
	offersChanged: boolean
}

export type EndedHold = { doctorId: string; startMinute: number; userId: string }

/** The wire's word for a change. An undone cancelling looks like a booking to watchers. */
function changeName(request: Exclude<ChangeRequest, OfferRequest | EndOfferRequest>): AppointmentChange {
	return request.kind === 'undo' ? undoneNames[request.undoes] : changeNames[request.kind]
}

const undoneNames: Record<UndoRequest['undoes'], AppointmentChange> = {
	booked: 'cancelled',
	cancelled: 'booked',
	rescheduled: 'rescheduled',
	status_changed: 'status',
}

const changeNames: Record<Exclude<ChangeRequest['kind'], 'undo' | 'offer' | 'end-offer'>, AppointmentChange> = {
	book: 'booked',
	'book-beside': 'booked',
	cancel: 'cancelled',
	reschedule: 'rescheduled',
	status: 'status',
}
