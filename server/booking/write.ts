import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { NoticePolicy } from '../reminders/ledger.ts'
import { undoWaitSeconds } from '../reminders/rules.ts'
import type { StoredSlot } from '../slots/availability.ts'
import { instantOf } from '../slots/slot-id.ts'
import type { BookingRequest, ChangeRequest } from './requests.ts'
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
	dayOf: State['day'] = () => undefined,
): Promise<Written> {
	const settlement = settlementOf(decided, notices, dayOf)
	if (settlement.requests.length === 0) return { atMs: 0, bookings: [] }
	const rows = await run<{ id: string | null; booked_by: string; idempotency_key: string; settled_ms: string }>(statement, [
		JSON.stringify(settlement),
	])
	return {
		atMs: Number(rows[0]?.settled_ms),
		bookings: rows.flatMap(({ id, booked_by, idempotency_key }) => (id === null ? [] : { id, by: booked_by, key: idempotency_key })),
	}
}

/** The ids of new appointments, and the time at which the whole batch was written. */
export type Written = { atMs: number; bookings: { id: string; by: string; key: string }[] }

const statement = { name: 'settle', text: readSql('settle.sql', import.meta.url) }

/** The batch as settle.sql reads it. */
function settlementOf(decided: readonly Decided[], { channels, leadMinutes }: NoticePolicy, dayOf: State['day']) {
	const booked = decided.flatMap(({ request, decision }) =>
		request.kind === 'book' && decision.do === 'book' ? newRow(request, decision.slots) : [],
	)
	const updates = decided.flatMap(({ request, decision }) => (decision.do === 'update' ? [{ request, ...decision }] : []))
	const moved = updates.flatMap(({ taken, before }) => taken.map(slot => slotRow(slot, before.id)))
	return {
		booked,
		changed: updates.map(changedRow),
		freed: updates.flatMap(({ freed, before }) => freed.map(slot => slotRow(slot, before.id))),
		/** Slots that existing appointments move to. The slots of new appointments follow from `booked`. */
		moved,
		requests: decided.flatMap(requestRow),
		patients: [...booked.map(({ patient_id }) => patient_id), ...updates.map(({ before }) => before.patientId)],
		slots_taken: booked.reduce((sum, { slot_minutes }) => sum + slot_minutes.length, 0) + moved.length,
		days: decided.flatMap(each => dayRow(each, dayOf)),
		/** Accounts whose acts can be undone: what they tell patients at once waits so long. */
		may_undo: [...new Set(decided.flatMap(({ request }) => (request.privileged ? request.by : [])))],
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

function newRow(request: BookingRequest, slots: readonly StoredSlot[]) {
	return {
		doctor_id: request.doctorId,
		patient_id: request.patientId,
		type_id: request.typeId,
		slot_minutes: slots.map(slot => slot.startMinute),
		end_minute: (slots.at(-1) as StoredSlot).endMinute,
		reason: request.reason,
		booked_by: request.by,
		idempotency_key: request.key,
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
		wait_seconds: request.privileged ? undoWaitSeconds : 0,
	}
}

/** What patients are told of a change, in the ledger's words. A change of status sends no message. */
function noticeOf(request: ChangeRequest): string {
	switch (request.kind) {
		case 'book':
			return 'booked'
		case 'cancel':
			return 'cancelled'
		case 'reschedule':
			return 'rescheduled'
		case 'status':
			return 'status'
		case 'undo':
			return request.notice
	}
}

function slotRow({ doctorId, startMinute }: StoredSlot, appointmentId: string) {
	return { doctor_id: doctorId, start_minute: startMinute, appointment_id: appointmentId }
}

const auditActions: Record<ChangeRequest['kind'], string> = {
	book: 'booked',
	cancel: 'cancelled',
	reschedule: 'rescheduled',
	status: 'status_changed',
	undo: 'undone',
}

/** What the audit log says of a change: what was, and what is. A patient's id is kept beside it; names and reasons are not. */
function changeOf({ request, decision }: Decided) {
	if (request.kind === 'book' && decision.do === 'book') {
		const [first, last] = [decision.slots[0] as StoredSlot, decision.slots.at(-1) as StoredSlot]
		const to = placeOf({ doctorId: request.doctorId, startMinute: first.startMinute, endMinute: last.endMinute })
		return { details: { patientId: request.patientId, to: { status: 'booked', ...to } } }
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
	if (decision.do !== 'refuse' && decision.do !== 'book' && decision.do !== 'update') return []
	// The outcome under a mismatched key belongs to the request that used the key first.
	if (decision.do === 'refuse' && decision.code === 'idempotency_mismatch') return []
	return {
		requested_by: request.by,
		idempotency_key: request.key,
		fingerprint: request.fingerprint,
		request_id: request.id,
		refusal: decision.do === 'refuse' ? decision.code : undefined,
		appointment_id: decision.do === 'update' ? decision.before.id : undefined,
		action: auditActions[request.kind],
		ip: request.origin.ip,
		trace_id: request.origin.requestId,
		...changeOf({ request, decision }),
	}
}
