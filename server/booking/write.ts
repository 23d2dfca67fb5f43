import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { NoticePolicy } from '../reminders/ledger.ts'
import { type QuietHours, undoWaitSeconds } from '../reminders/rules.ts'
import type { ShownOffer, StoredSlot } from '../slots/availability.ts'
import { instantOf } from '../slots/slot-id.ts'
import type { BesideRequest, BookingRequest, ChangeRequest, OfferRequest } from './requests.ts'
import type { AppointmentUpdate, Decided, Decision, State, StoredAppointment } from './rules.ts'

/**
 * Writes all decisions in one statement, and so in one transaction, however many requests there are.
 *
 * @throws DatabaseError LS001 when the facts have changed since they were read, 23P01 when a constraint refuses; then nothing is
 * written
 */
export async function writeDecisions(
	run: Run,
	notices: NoticePolicy,
	decided: readonly Decided[],
	limits: Limits = { dayOf: () => undefined, maxUpcoming: undefined },
	offering: Offering = { boards: {}, openSeconds: 1800, quiet: undefined },
): Promise<Written> {
	const settlement = settlementOf(decided, notices, limits, offering)
	if (settlement.requests.length === 0) return { atMs: 0, bookings: [], offered: [] }
	const rows = await run<{
		id: string | null
		booked_by: string
		idempotency_key: string
		offered: OfferedSlots[] | null
		settled_ms: string
	}>(statement, [JSON.stringify(settlement)])
	return {
		atMs: Number(rows[0]?.settled_ms),
		offered: rows[0]?.offered ?? [],
		bookings: rows.flatMap(({ id, booked_by, idempotency_key }) => (id === null ? [] : { id, by: booked_by, key: idempotency_key })),
	}
}

/** The ids of new appointments, and the time at which the whole batch was written. */
export type Written = { atMs: number; bookings: { id: string; by: string; key: string }[]; offered: OfferedSlots[] }

/** Slots that the statement offered, in the moment in which they were free. */
export type OfferedSlots = ShownOffer & { doctorId: string; minutes: number[] }

/** What the statement needs for offering freed slots to patients who wait. */
export type Offering = {
	/** Of the doctors whose mailboxes are drained: the minutes that accounts hold. */
	boards: Record<string, number[]>
	openSeconds: number
	quiet: QuietHours | undefined
}

/** What the statement checks again. */
export type Limits = { dayOf: State['day']; maxUpcoming: number | undefined }

const statement = { name: 'settle', text: readSql('settle.sql', import.meta.url) }

/** The batch as settle.sql reads it. */
function settlementOf(
	decided: readonly Decided[],
	{ channels, leadMinutes }: NoticePolicy,
	{ dayOf, maxUpcoming }: Limits,
	{ boards, ...terms }: Offering,
) {
	const booked = decided.flatMap(({ request, decision }) => {
		if (request.kind === 'book' && decision.do === 'book') return newRow(request, decision)
		return request.kind === 'book-beside' && decision.do === 'book-beside' ? besideRow(request) : []
	})
	const updates = decided.flatMap(({ request, decision }) => (decision.do === 'update' ? [{ request, ...decision }] : []))
	const moved = updates.flatMap(({ taken, before }) => taken.map(slot => slotRow(slot, before.id)))
	const freed = updates.flatMap(({ freed, before }) => freed.map(slot => slotRow(slot, before.id)))
	const ended = decided.flatMap(endedOffer)
	const made = decided.flatMap(({ request, decision }) =>
		request.kind === 'offer' && decision.do === 'offer' ? offerRow(request, decision.slots) : [],
	)
	return {
		booked,
		changed: updates.map(changedRow),
		freed,
		accepted: ended.flatMap(offer => (offer.as === 'accepted' ? offer.offer_id : [])),
		offers: freed.length + ended.length + made.length > 0 ? { ended, made, freed, boards, terms: { ...terms, channels } } : null,
		/** Slots that existing appointments move to. The slots of new appointments follow from `booked`. */
		moved,
		requests: decided.flatMap(requestRow),
		patients: [...booked.map(({ patient_id }) => patient_id), ...updates.map(({ before }) => before.patientId)],
		slots_taken: booked.reduce((sum, { slot_minutes }) => sum + slot_minutes.length, 0) + moved.length,
		days: decided.flatMap(each => dayRow(each, dayOf)),
		/** Patients who booked for themselves, and how many visits to come each may have. */
		limited: maxUpcoming === undefined ? [] : booked.flatMap(row => (row.by_patient ? row.patient_id : [])),
		max_upcoming: maxUpcoming,
		doctors: [
			...booked.map(row => row.doctor_id),
			...made.map(row => row.doctor_id),
			...updates.flatMap(({ taken, after }) => (taken.length > 0 ? after.doctorId : [])),
		],
		types: [...booked, ...made].map(({ type_id }) => type_id),
		/** Accounts whose acts can be undone: what they tell patients at once waits so long. */
		may_undo: [...new Set(decided.flatMap(({ request }) => (mayUndo(request) ? request.by : [])))],
		undo_seconds: undoWaitSeconds,
		channels,
		lead_minutes: leadMinutes,
	}
}

/** A limit of visits a day that the statement checks again. */
function dayRow({ request, decision }: Decided, dayOf: State['day']) {
	const day = (decision.do === 'book' || decision.do === 'update') && 'terms' in request ? dayOf(request) : undefined
	if (!day || !('terms' in request)) return []
	const { doctorId, typeId, fromMinute, untilMinute } = day
	return {
		doctor_id: doctorId,
		type_id: typeId,
		from_minute: fromMinute,
		until_minute: untilMinute,
		visit_limit: request.terms?.dailyLimit,
	}
}

function newRow(request: BookingRequest, { slots, endMinute }: Extract<Decision, { do: 'book' }>) {
	return {
		doctor_id: request.doctorId,
		patient_id: request.patientId,
		type_id: request.typeId,
		slot_minutes: slots.map(slot => slot.startMinute),
		start_minute: (slots[0] as StoredSlot).startMinute,
		end_minute: endMinute,
		reason: request.reason,
		booked_by: request.by,
		by_patient: !request.privileged,
		idempotency_key: request.key,
		status: 'booked',
		kind: 'slot',
	}
}

function besideRow(request: BesideRequest) {
	return {
		doctor_id: request.doctorId,
		patient_id: request.patientId,
		type_id: request.typeId,
		slot_minutes: [],
		start_minute: request.startMinute,
		end_minute: request.startMinute + request.minutes,
		reason: request.reason,
		booked_by: request.by,
		by_patient: false,
		idempotency_key: request.key,
		status: request.visit === 'walk_in' ? 'checked_in' : 'booked',
		kind: request.visit,
		extra_reason: request.extraReason,
		allowed_by: request.by,
	}
}

function changedRow({ request, before, after }: { request: ChangeRequest } & Extract<Decision, { do: 'update' }>) {
	return {
		id: before.id,
		sequence: before.sequence,
		doctor_id: after.doctorId,
		slot_minutes: after.slotMinutes,
		start_minute: after.startMinute,
		end_minute: after.endMinute,
		status: after.status,
		cancel_reason: request.kind === 'cancel' ? request.reason : undefined,
		kind: noticeOf(request),
		moved: request.kind === 'reschedule' ? 1 : request.kind === 'undo' && request.undoes === 'rescheduled' ? -1 : 0,
		wait_seconds: mayUndo(request) ? undoWaitSeconds : 0,
	}
}

/** An answer to an offer stands. */
function mayUndo(request: ChangeRequest): boolean {
	return request.privileged && !('offerId' in request && request.offerId !== undefined)
}

function endedOffer({ request, decision }: Decided) {
	if (decision.do === 'end-offer' && request.kind === 'end-offer')
		return { offer_id: decision.offerId, as: decision.as as string, actor: request.endedBy }
	if (decision.do !== 'book' && decision.do !== 'update') return []
	if ((request.kind !== 'book' && request.kind !== 'reschedule') || request.offerId === undefined) return []
	const appointmentId = decision.do === 'update' ? decision.before.id : undefined
	const { by, key, offerId } = request
	return { offer_id: offerId, as: 'accepted', appointment_id: appointmentId, booked_by: by, key, actor: by }
}

function offerRow(request: OfferRequest, slots: readonly StoredSlot[]) {
	return {
		doctor_id: request.doctorId,
		patient_id: request.patientId,
		type_id: request.typeId,
		slot_minutes: slots.map(slot => slot.startMinute),
		start_minute: (slots[0] as StoredSlot).startMinute,
		end_minute: (slots.at(-1) as StoredSlot).endMinute,
		why: request.why,
		rebooking_id: request.rebookingId,
		replaces: request.replaces,
		open_seconds: request.openSeconds,
		offered_by: request.by,
		request_key: request.key,
	}
}

/** What patients are told of a change, in the ledger's words. A change of status sends no message. */
function noticeOf(request: ChangeRequest): string {
	switch (request.kind) {
		case 'book':
		case 'book-beside':
			return 'booked'
		case 'cancel':
			return 'cancelled'
		case 'reschedule':
			return 'rescheduled'
		case 'status':
			return 'status'
		case 'undo':
			return request.notice
		case 'offer':
		case 'end-offer':
			return 'status'
	}
}

function slotRow({ doctorId, startMinute }: StoredSlot, appointmentId: string) {
	return { doctor_id: doctorId, start_minute: startMinute, appointment_id: appointmentId }
}

/** The statement's function records what happens to offers. */
const auditActions: Record<Exclude<ChangeRequest['kind'], 'offer' | 'end-offer'>, string> = {
	book: 'booked',
	'book-beside': 'booked',
	cancel: 'cancelled',
	reschedule: 'rescheduled',
	status: 'status_changed',
	undo: 'undone',
}

/** What the audit log says of a change: what was, and what is. A patient's id is kept beside it; names and reasons are not. */
function changeOf({ request, decision }: Decided) {
	if (request.kind === 'book' && decision.do === 'book') {
		const { doctorId, startMinute } = request
		const to = placeOf({ doctorId, startMinute, endMinute: decision.endMinute })
		return { details: { patientId: request.patientId, to: { status: 'booked', ...to } } }
	}
	if (request.kind === 'book-beside' && decision.do === 'book-beside') {
		const { startMinute, minutes, patientId, doctorId, visit } = request
		const to = placeOf({ doctorId, startMinute, endMinute: startMinute + minutes })
		return { details: { patientId, kind: visit, to: { status: visit === 'walk_in' ? 'checked_in' : 'booked', ...to } } }
	}
	if (decision.do !== 'update') return {}
	const { before, after } = decision
	const undoes = request.kind === 'undo' ? { undoes: request.undoes } : {}
	const left = hasMoved(before, after) && { ...placeOf(before), slots: before.slotMinutes }
	const statuses = before.status === after.status ? [{}, {}] : [{ status: before.status }, { status: after.status }]
	const [from, to] = [
		{ ...statuses[0], ...left },
		{ ...statuses[1], ...placeOf(after) },
	]
	return { details: { patientId: before.patientId, ...undoes, from, to } }
}

function hasMoved(before: StoredAppointment, after: AppointmentUpdate): boolean {
	return before.doctorId !== after.doctorId || before.startMinute !== after.startMinute
}

function placeOf({ doctorId, startMinute, endMinute }: Pick<AppointmentUpdate, 'doctorId' | 'startMinute' | 'endMinute'>) {
	return { doctorId, startsAt: instantOf(startMinute), endsAt: instantOf(endMinute) }
}

function requestRow({ request, decision }: Decided) {
	if (decision.do === 'repeat' || decision.do === 'repeat-of' || decision.do === 'forward') return []
	// The outcome under a mismatched key belongs to the request that used the key first.
	if (decision.do === 'refuse' && decision.code === 'idempotency_mismatch') return []
	return {
		requested_by: request.by,
		idempotency_key: request.key,
		fingerprint: request.fingerprint,
		request_id: request.id,
		refusal: decision.do === 'refuse' ? decision.code : undefined,
		appointment_id: decision.do === 'update' ? decision.before.id : undefined,
		action: request.kind === 'offer' || request.kind === 'end-offer' ? undefined : auditActions[request.kind],
		ip: request.origin.ip,
		trace_id: request.origin.requestId,
		...changeOf({ request, decision }),
	}
}
