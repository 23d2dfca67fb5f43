import type { Appointment, AppointmentStatus, BookingInput } from '../../contract/index.ts'
import { type AppointmentTypes, minutesWith, termsOf } from '../clinic/appointment-types.ts'
import type { Doctors } from '../clinic/doctors.ts'
import { type Actor, isStaff, type Origin } from '../identity/actor.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { newId } from '../platform/new-id.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { parseSlotId, type SlotRef } from '../slots/slot-id.ts'
import { maySee } from './appointments.ts'
import { type FullAppointment, readAppointments, toWire } from './facts.ts'
import { type ChangeRequest, type EndOfferRequest, fingerprintOf, type OfferRequest, type Outcome } from './requests.ts'
import { readUndo } from './undo.ts'

/**
 * The calls that change calendars. Every transport calls these commands, and each command becomes a request in a doctor's mailbox.
 *
 * @throws Refusal with a code of the rules, or booking_pending when no outcome arrives in time
 */
export function createCommands({ run, types, doctors, ask, nodeId, nowMs }: CommandsDeps): Commands {
	return {
		find,
		async book(caller, payload) {
			const { slotId, reason } = payload
			if (slotId === undefined) return bookExtra(caller, payload)
			const { doctorId, startMinute } = await refOf(slotId)
			const patientId = patientFor(caller.actor, doctorId, payload.patientId)
			const typeId = payload.typeId ?? (await types.defaultId())
			const type = await types.rulesOf(typeId)
			const privileged = caller.actor.role !== 'patient'
			const minutesOfType = minutesWith(type, doctorId, privileged)
			const minutes = payload.typeId === undefined ? undefined : minutesOfType
			const common = commonOf('book', { slotId, typeId: payload.typeId, patientId, reason }, caller)
			// Assigned, not spread, which costs more than everything else here.
			return submit(
				Object.assign(common, {
					kind: 'book' as const,
					doctorId,
					startMinute,
					privileged,
					minutes,
					bufferMinutes: minutes === undefined ? 0 : type.bufferMinutes,
					typeId,
					terms: termsOf(type),
					patientId,
					reason,
				}),
			)
		},
		walkIn: (caller, payload) => bookBeside(caller, { ...payload, visit: 'walk_in', startMinute: Math.floor(nowMs() / 60_000) }),
		cancel,
		async reschedule(caller, payload) {
			const { appointmentId, slotId } = payload
			const { doctorId: fromDoctorId, typeId } = await find(caller.actor, appointmentId)
			const ref = await refOf(slotId)
			if (caller.actor.role === 'doctor' && ref.doctorId !== caller.actor.userId) throw new Refusal('forbidden')
			const common = commonOf('reschedule', { appointmentId, slotId }, caller)
			const privileged = caller.actor.role !== 'patient'
			const terms = termsOf(await types.rulesOf(typeId))
			return submit({ ...common, ...ref, kind: 'reschedule', privileged, appointmentId, fromDoctorId, typeId, terms })
		},
		async setStatus(caller, payload) {
			const { appointmentId, status } = payload
			const { doctorId } = await find(caller.actor, appointmentId)
			// Cancelling frees slots and has rules of its own. Every caller who may set a status may also cancel.
			if (status === 'cancelled') return cancel(caller, { appointmentId })
			const common = commonOf('status', payload, caller)
			return submit({ ...common, kind: 'status', doctorId, privileged: true, appointmentId, status })
		},
		accept,
		offer: offerSlots,
		endOffer,
		async undo(caller, payload) {
			const { appointmentId } = payload
			const appointment = await find(caller.actor, appointmentId)
			const undo = await readUndo(run, caller.actor, appointment, caller.idempotencyKey)
			if (undo === 'done') return toWire(appointment)
			return submit({ ...commonOf('undo', payload, caller), ...undo, kind: 'undo', privileged: true, appointmentId })
		},
	}

	function accept(caller: Caller, offer: OfferToAnswer): Promise<Appointment> {
		const { id, doctorId, startMinute, minutes, typeId, patientId, replaces } = offer
		const common = { ...commonOf(replaces ? 'reschedule' : 'book', { offerId: id }, caller), doctorId, startMinute, minutes, typeId }
		// An offer stands apart from the terms for bookings, and an answer to it from the cut-off.
		const asked = { ...common, offerId: id, privileged: true }
		return replaces
			? submit({ ...asked, kind: 'reschedule', appointmentId: replaces.appointmentId, fromDoctorId: replaces.doctorId })
			: submit({ ...asked, kind: 'book', patientId, reason: undefined })
	}

	async function offerSlots(caller: Caller, { slotId, ...wish }: OfferWish): Promise<string> {
		const ref = await refOf(slotId)
		const typeId = wish.typeId ?? (await types.defaultId())
		const minutes = wish.typeId === undefined ? undefined : minutesWith(await types.rulesOf(typeId), ref.doctorId, true)
		const common = commonOf('offer', { slotId, ...wish }, caller)
		settledOf(await ask({ ...common, ...ref, ...wish, kind: 'offer', typeId, minutes: wish.minutes ?? minutes, privileged: true }))
		return common.key
	}

	async function endOffer(
		caller: Caller,
		{ id, doctorId, startMinute, minutes }: OfferToAnswer,
		as: EndOfferRequest['as'],
		endedBy?: string,
	) {
		const common = commonOf('end-offer', { offerId: id, as }, caller)
		settledOf(await ask({ ...common, kind: 'end-offer', offerId: id, as, endedBy, doctorId, startMinute, minutes, privileged: true }))
	}

	async function bookExtra(caller: Caller, { doctorId = '', startsAt = '', extra, ...payload }: BookPayload): Promise<Appointment> {
		const startMinute = Math.floor(Date.parse(startsAt) / 60_000)
		const said = { doctorId, startMinute, extraReason: extra?.reason, ...payload }
		return await bookBeside(caller, { visit: 'extra', ...said })
	}

	async function bookBeside(caller: Caller, payload: BesidePayload): Promise<Appointment> {
		const { visit, doctorId, startMinute, reason, extraReason } = payload
		if (!(await doctors.exists(doctorId))) throw new Refusal('not_found')
		if (caller.actor.role === 'patient') throw new Refusal('forbidden')
		const patientId = patientFor(caller.actor, doctorId, payload.patientId)
		const typeId = payload.typeId ?? (await types.defaultId())
		const minutesOfType = minutesWith(await types.rulesOf(typeId), doctorId, true)
		return submit({
			// The start of a walk-in is the moment of the call: a repetition of it is no other request.
			...commonOf('book-beside', { ...payload, patientId, ...(visit === 'walk_in' && { startMinute: undefined }) }, caller),
			kind: 'book-beside',
			visit,
			doctorId,
			startMinute,
			minutes: payload.minutes ?? minutesOfType,
			typeId,
			patientId,
			reason,
			extraReason,
			privileged: true,
			askedAs: isStaff(caller.actor) ? 'staff' : 'doctor',
		})
	}

	async function cancel(caller: Caller, payload: { appointmentId: string; reason?: string | undefined }): Promise<Appointment> {
		const { appointmentId, reason } = payload
		const { doctorId } = await find(caller.actor, appointmentId)
		const common = commonOf('cancel', payload, caller)
		const privileged = caller.actor.role !== 'patient'
		return submit({ ...common, kind: 'cancel', doctorId, privileged, appointmentId, reason })
	}

	/** Checks that the doctor exists, because a mailbox without a doctor would stay in Redis for ever. @throws Refusal not_found */
	async function refOf(slotId: string): Promise<SlotRef> {
		const ref = parseSlotId(slotId)
		if (!ref || !(await doctors.exists(ref.doctorId))) throw new Refusal('not_found')
		return ref
	}

	/** @throws Refusal not_found, also for an appointment that the actor may not see */
	async function find(actor: Actor, id: string): Promise<FullAppointment> {
		const [appointment] = isDatabaseId(id) ? await readAppointments(run, [id]) : []
		if (!appointment || !maySee(actor, appointment)) throw new Refusal('not_found')
		return appointment
	}

	// Not async: thousands of requests may wait here at once, and each async function on their way takes memory.
	function submit(request: ChangeRequest, forwards = 0): Promise<Appointment> {
		return ask(request).then(outcome => {
			if (!('forward' in outcome)) return appointmentOf(outcome)
			if (forwards >= maxForwards) throw new Refusal('booking_pending', { retryAfterSeconds: 1 })
			return submit({ ...request, id: newId(), doctorId: outcome.forward }, forwards + 1)
		})
	}

	function commonOf(kind: ChangeRequest['kind'], payload: Record<string, unknown>, { actor, origin, idempotencyKey }: Caller) {
		return {
			id: newId(),
			node: nodeId,
			by: actor.userId,
			key: idempotencyKey ?? `auto-${newId()}`,
			fingerprint: fingerprintOf(kind, payload),
			origin,
		}
	}
}

export type CommandsDeps = {
	run: Run
	types: AppointmentTypes
	doctors: Pick<Doctors, 'exists'>
	ask: Ask
	nodeId: string
	nowMs: () => number
}

/** Posts the request to its doctor's mailbox and waits for the outcome. @throws Refusal queue_full, booking_pending */
export type Ask = (request: ChangeRequest) => Promise<Outcome>

/** The actor, and how the request arrived, over any transport. */
export type Caller = { actor: Actor; origin: Origin; idempotencyKey: string | undefined }

export type Commands = {
	find(actor: Actor, id: string): Promise<FullAppointment>
	/** Books a slot, or with `extra` a visit outside or on top of slots. */
	book(caller: Caller, payload: BookPayload): Promise<Appointment>
	/** Takes in a patient without an appointment, from now on. */
	walkIn(caller: Caller, payload: WalkIn): Promise<Appointment>
	cancel(caller: Caller, payload: { appointmentId: string; reason?: string | undefined }): Promise<Appointment>
	reschedule(caller: Caller, payload: { appointmentId: string; slotId: string }): Promise<Appointment>
	setStatus(caller: Caller, payload: { appointmentId: string; status: AppointmentStatus }): Promise<Appointment>
	/** Accepts an offer: books its slots, or moves the visit that it replaces. */
	accept(caller: Caller, offer: OfferToAnswer): Promise<Appointment>
	/** Offers slots to a patient. Returns the key under which the offer is found. */
	offer(caller: Caller, wish: OfferWish): Promise<string>
	/** @throws Refusal offer_ended */
	endOffer(caller: Caller, offer: OfferToAnswer, as: EndOfferRequest['as'], endedBy?: string): Promise<void>
	/** Puts the appointment back to where it was before the caller's last change, made a moment ago. */
	undo(caller: Caller, payload: { appointmentId: string }): Promise<Appointment>
}

export type BookPayload = Omit<BookingInput, 'idempotencyKey'>

/** An offer, as far as answering it depends on it. */
export type OfferToAnswer = {
	id: string
	doctorId: string
	startMinute: number
	minutes: number
	typeId: string
	patientId: string
	replaces: { appointmentId: string; doctorId: string } | undefined
}

export type OfferWish = Pick<OfferRequest, 'patientId' | 'replaces' | 'why' | 'rebookingId' | 'openSeconds'> & {
	slotId: string
	/** Without one, the clinic's first type in a single slot. */
	typeId?: string | undefined
	/** In place of the type's length. */
	minutes?: number | undefined
}

export type WalkIn = { doctorId: string; patientId: string; typeId?: string | undefined; reason?: string | undefined }

type BesidePayload = {
	visit: 'extra' | 'walk_in'
	doctorId: string
	startMinute: number
	minutes?: number | undefined
	typeId?: string | undefined
	patientId?: string | undefined
	reason?: string | undefined
	extraReason?: string | undefined
}

const maxForwards = 3

/** Doctors book in their own calendar only. @throws Refusal invalid_input, forbidden */
function patientFor(actor: Actor, doctorId: string, patientId: string | undefined): string {
	if (actor.role === 'doctor' && actor.userId !== doctorId) throw new Refusal('forbidden')
	if (actor.role !== 'patient') {
		if (patientId === undefined) throw invalidInput('patientId', 'say for whom')
		if (!isDatabaseId(patientId)) throw new Refusal('not_found')
		return patientId
	}
	if (actor.patientId === undefined) throw new Refusal('forbidden')
	if (actor.mustCallToBook) throw new Refusal('forbidden', { message: 'Please call the clinic to book' })
	if (patientId !== undefined && patientId !== actor.patientId) throw new Refusal('forbidden')
	return actor.patientId
}

const refusals = new WeakMap<Outcome, Refusal>()

/** @throws Refusal the same object for all callers who share an outcome, so that it is encoded once */
function appointmentOf(outcome: Exclude<Outcome, { forward: string }>): Appointment {
	if ('done' in outcome) return outcome.done
	if ('offer' in outcome) throw new Error('the outcome of a booking is an offer')
	return refuse(outcome)
}

/** @throws Refusal */
function settledOf(outcome: Outcome): void {
	if ('refused' in outcome) refuse(outcome)
}

function refuse(outcome: Extract<Outcome, { refused: string }>): never {
	const { refused, alternatives } = outcome
	if (!alternatives) throw new Refusal(refused)
	const known = refusals.get(outcome)
	if (known) throw known
	const refusal = new Refusal(refused, { extra: { alternatives } })
	refusals.set(outcome, refusal)
	throw refusal
}
