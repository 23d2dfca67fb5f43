import type { Appointment, AppointmentStatus } from '../../contract/index.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'
import { type Actor, isStaff, type Origin } from '../identity/actor.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { newId } from '../platform/new-id.ts'
import type { Tracer } from '../platform/observability/tracer.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { parseSlotId, type SlotRef } from '../slots/slot-id.ts'
import { maySee } from './appointments.ts'
import { createCrowd } from './crowd.ts'
import type { Intake } from './intake.ts'
import type { DrainObserver } from './observe.ts'
import { appointmentOf, type Outcome } from './outcome.ts'
import type { RefuseTaken } from './refuse-taken.ts'
import { type ChangeRequest, fingerprintOf } from './request.ts'
import { type FullAppointment, readAppointments } from './store.ts'
import type { Waiters } from './waiters.ts'

export type OperationsDeps = {
	run: Run
	types: AppointmentTypes
	intake: Intake
	waiters: Waiters
	refuseTaken: RefuseTaken
	observe: DrainObserver['refusedAtDoor']
	nodeId: string
	tracer: Tracer
}

/** How a request came in, over whichever transport. */
export type Asked = { actor: Actor; origin: Origin; idempotencyKey: string | undefined }

const maxForwards = 3

const refOf = (slotId: string): SlotRef => {
	const ref = parseSlotId(slotId)
	if (!ref) throw new Refusal('not_found')
	return ref
}

/** @throws Refusal invalid_input, forbidden */
const patientFor = (actor: Actor, patientId: string | undefined): string => {
	if (isStaff(actor)) {
		if (patientId === undefined) throw invalidInput('patientId', 'say for whom')
		if (!isDatabaseId(patientId)) throw new Refusal('not_found')
		return patientId
	}
	if (actor.role !== 'patient' || actor.patientId === undefined) throw new Refusal('forbidden')
	if (patientId !== undefined && patientId !== actor.patientId) throw new Refusal('forbidden')
	return actor.patientId
}

/** What changes calendars. HTTP and sockets both come through here, and everything from here goes to a doctor's queue, through its door. */
export const createOperations = ({ run, types, intake, waiters, refuseTaken, observe, nodeId, tracer }: OperationsDeps) => {
	/** Into the queue, with the trace context of this step: whoever drains it goes on from there. */
	const enqueue = async (request: ChangeRequest) => {
		if (!tracer.isOn) return await intake.add(request)
		const span = tracer.start('queue', { kind: 'producer', parent: request.origin.trace })
		span.set('liveslot.kind', request.kind)
		const origin = span.context ? { ...request.origin, trace: span.context } : request.origin
		await intake.add({ ...request, origin }).finally(() => span.end())
	}

	const crowd = createCrowd({ waiters, enqueue, refuseTaken, observe })

	// Not async, as little as possible on this way is: thousands may wait on it at once, each with all that has been called.
	const submit = (request: ChangeRequest, forwards = 0): Promise<Appointment> =>
		crowd.ask(request).then((outcome: Outcome) => {
			if (!('forward' in outcome)) return appointmentOf(outcome)
			if (forwards >= maxForwards) throw new Refusal('booking_pending', { retryAfterSeconds: 1 })
			return submit({ ...request, id: newId(), doctorId: outcome.forward }, forwards + 1)
		})

	const commonOf = (kind: ChangeRequest['kind'], payload: Record<string, unknown>, { actor, origin, idempotencyKey }: Asked) => ({
		id: newId(),
		node: nodeId,
		by: actor.userId,
		key: idempotencyKey ?? `auto-${newId()}`,
		fingerprint: fingerprintOf(kind, payload),
		origin,
	})

	/** @throws Refusal not_found also for what is none of the caller's business */
	const find = async (actor: Actor, id: string): Promise<FullAppointment> => {
		const [appointment] = isDatabaseId(id) ? await readAppointments(run, [id]) : []
		if (!appointment || !maySee(actor, appointment)) throw new Refusal('not_found')
		return appointment
	}

	return {
		find,
		async book(
			asked: Asked,
			payload: { slotId: string; typeId?: string | undefined; patientId?: string | undefined; reason?: string | undefined },
		): Promise<Appointment> {
			const { slotId, reason } = payload
			const { doctorId, startMinute } = refOf(slotId)
			const patientId = patientFor(asked.actor, payload.patientId)
			const minutes = await types.minutesOf(payload.typeId)
			const typeId = payload.typeId ?? (await types.defaultId())
			const common = commonOf('book', { slotId, typeId: payload.typeId, patientId, reason }, asked)
			const privileged = isStaff(asked.actor)
			return submit(Object.assign(common, { kind: 'book' as const, doctorId, startMinute, privileged, minutes, typeId, patientId, reason }))
		},
		async cancel(asked: Asked, payload: { appointmentId: string; reason?: string | undefined }): Promise<Appointment> {
			const { appointmentId, reason } = payload
			const { doctorId } = await find(asked.actor, appointmentId)
			const privileged = asked.actor.role !== 'patient'
			return await submit({ ...commonOf('cancel', payload, asked), kind: 'cancel', doctorId, privileged, appointmentId, reason })
		},
		async reschedule(asked: Asked, payload: { appointmentId: string; slotId: string }): Promise<Appointment> {
			const { appointmentId, slotId } = payload
			const { doctorId: fromDoctorId } = await find(asked.actor, appointmentId)
			if (asked.actor.role === 'doctor') throw new Refusal('forbidden')
			const privileged = isStaff(asked.actor)
			return await submit({
				...commonOf('reschedule', { appointmentId, slotId }, asked),
				...refOf(slotId),
				kind: 'reschedule',
				privileged,
				appointmentId,
				fromDoctorId,
			})
		},
		async setStatus(asked: Asked, payload: { appointmentId: string; status: AppointmentStatus }): Promise<Appointment> {
			const { appointmentId, status } = payload
			const { doctorId } = await find(asked.actor, appointmentId)
			// Cancelling frees slots and has its own rules; everybody who may set a status may cancel.
			if (status === 'cancelled') return await this.cancel(asked, { appointmentId })
			return await submit({ ...commonOf('status', payload, asked), kind: 'status', doctorId, privileged: true, appointmentId, status })
		},
	}
}

export type Operations = ReturnType<typeof createOperations>
