import type { Run } from '../platform/database/pipeline.ts'
import type { NoticePolicy } from '../reminders/policy.ts'
import type { StoredSlot } from '../slots/availability.ts'
import type { ChangeRequest } from './request.ts'
import type { Decided, Decision } from './rules.ts'
import {
	type ChangedAppointment,
	type NewAppointment,
	type Settled,
	type SettledRequest,
	type SlotOfAppointment,
	writeSettlement,
} from './store.ts'

const auditActions: Record<ChangeRequest['kind'], string> = {
	book: 'booked',
	cancel: 'cancelled',
	reschedule: 'rescheduled',
	status: 'status_changed',
}

/** The appointment that a decision makes; none or one. */
export const newAppointment = (request: ChangeRequest, decision: Decision): NewAppointment[] => {
	if (request.kind !== 'book' || decision.do !== 'book') return []
	const { slots } = decision
	return [
		{
			doctorId: request.doctorId,
			patientId: request.patientId,
			typeId: request.typeId,
			startMinute: (slots[0] as StoredSlot).startMinute,
			endMinute: (slots.at(-1) as StoredSlot).endMinute,
			slotMinutes: slots.map(slot => slot.startMinute),
			reason: request.reason,
			by: request.by,
			key: request.key,
		},
	]
}

const changedAppointment = (request: ChangeRequest, decision: Decision): ChangedAppointment[] => {
	if (decision.do !== 'update') return []
	const { before, after } = decision
	return [
		{
			id: before.id,
			patientId: before.patientId,
			sequence: before.sequence,
			doctorId: after.doctorId,
			startMinute: after.startMinute,
			endMinute: after.endMinute,
			slotMinutes: after.slotMinutes,
			status: after.status,
			cancelReason: request.kind === 'cancel' ? request.reason : undefined,
			kind: request.kind === 'cancel' ? 'cancelled' : request.kind === 'reschedule' ? 'rescheduled' : 'status',
		},
	]
}

const slotsOf = (slots: readonly StoredSlot[], appointmentId: string): SlotOfAppointment[] =>
	slots.map(({ doctorId, startMinute }) => ({ doctorId, startMinute, appointmentId }))

const settledRequest = ({ request, decision }: Decided): SettledRequest[] => {
	if (!['refuse', 'book', 'update'].includes(decision.do)) return []
	// A mismatched key belongs to the request that used it first.
	if (decision.do === 'refuse' && decision.code === 'idempotency_mismatch') return []
	return [
		{
			by: request.by,
			key: request.key,
			fingerprint: request.fingerprint,
			requestId: request.id,
			refusal: decision.do === 'refuse' ? decision.code : undefined,
			appointmentId: decision.do === 'update' ? decision.before.id : undefined,
			action: auditActions[request.kind],
			ip: request.origin.ip,
			traceId: request.origin.requestId,
		},
	]
}

type WriteDeps = {
	run: Run
	/** How patients are told of what happens to their visits. */
	notices: NoticePolicy
}

/** Writes all that was decided, in one transaction. */
export const writeDecisions = ({ run, notices }: WriteDeps, decided: readonly Decided[]): Promise<Settled> => {
	const updates = decided.flatMap(({ decision }) => (decision.do === 'update' ? [decision] : []))
	const requests = decided.flatMap(settledRequest)
	if (requests.length === 0) return Promise.resolve({ atMs: 0, bookings: [] })
	return writeSettlement(run, {
		booked: decided.flatMap(({ request, decision }) => newAppointment(request, decision)),
		changed: decided.flatMap(({ request, decision }) => changedAppointment(request, decision)),
		freed: updates.flatMap(({ freed, before }) => slotsOf(freed, before.id)),
		moved: updates.flatMap(({ taken, before }) => slotsOf(taken, before.id)),
		requests,
		notices,
	})
}
