import { hash } from 'node:crypto'
import type { Appointment, AppointmentChange, AppointmentStatus, RefusalCode, SlotOffer } from '../../contract/index.ts'
import type { TypeTerms } from '../clinic/appointment-types.ts'
import type { Origin } from '../identity/actor.ts'
import type { BatchOf } from '../platform/mailbox/mailbox.ts'
import type { BoardEnd, BoardSeen } from '../slots/board-rider.ts'

/** What travels in a doctor's mailbox. Nodes of the previous version read it during a rollout, so fields are added but never renamed. */
export type QueueRequest = ChangeRequest | Announcement

/** A request whose caller waits, and whose outcome is kept. */
export type ChangeRequest =
	| BookingRequest
	| BesideRequest
	| RescheduleRequest
	| CancelRequest
	| StatusRequest
	| UndoRequest
	| OfferRequest
	| EndOfferRequest

export type BookingRequest = Common & {
	kind: 'book'
	startMinute: number
	/** Length of the appointment's type; undefined takes one slot. */
	minutes: number | undefined
	/** Of the type, after the visit. Missing in requests of nodes of the version before. */
	bufferMinutes?: number | undefined
	typeId: string
	/** Missing in requests of nodes of the version before. */
	terms?: TypeTerms | undefined
	patientId: string
	reason: string | undefined
	/** The offer that the booking accepts. */
	offerId?: string
}

/** A visit outside or on top of slots: an extra visit, or a walk-in. */
export type BesideRequest = Common & {
	kind: 'book-beside'
	visit: 'extra' | 'walk_in'
	startMinute: number
	minutes: number
	typeId: string
	patientId: string
	reason: string | undefined
	/** Why an extra visit is allowed. */
	extraReason: string | undefined
	/** As whom the caller asks, because the clinic's policy names them. */
	askedAs: 'staff' | 'doctor'
}

export type RescheduleRequest = Common & {
	kind: 'reschedule'
	appointmentId: string
	startMinute: number
	typeId?: string
	terms?: TypeTerms | undefined
	/** The offer that the move accepts, and how much room it has. */
	offerId?: string
	minutes?: number
	/**
	 * The doctor whose slots the appointment leaves, as known when the caller asked. If a crash loses which slots these were, that
	 * doctor's calendar is reset.
	 */
	fromDoctorId: string
}

export type CancelRequest = Common & { kind: 'cancel'; appointmentId: string; reason: string | undefined }

export type StatusRequest = Common & { kind: 'status'; appointmentId: string; status: AppointmentStatus }

/** Puts an appointment back to where it was before the last change, if nothing has changed it since. */
export type UndoRequest = Common & {
	kind: 'undo'
	appointmentId: string
	/** The action of the audit log that is undone. */
	undoes: 'booked' | 'cancelled' | 'rescheduled' | 'status_changed'
	/** The appointment's sequence after the undone change. */
	sequence: number
	startMinute: number
	endMinute: number
	slotMinutes: number[]
	status: AppointmentStatus
	/** What the patient is told, in the ledger's words: nothing of a change that the patient has not heard of. */
	notice: 'undone' | 'reminders' | 'status' | 'booked' | 'rescheduled' | 'cancelled'
	/** The doctor whose slots the appointment leaves, as for a reschedule. */
	fromDoctorId: string
}

/** Offers free slots to a patient. */
export type OfferRequest = Common & {
	kind: 'offer'
	startMinute: number
	minutes: number | undefined
	typeId: string
	patientId: string
	/** The visit that accepting moves. */
	replaces: string | undefined
	why: 'waitlist' | 'absence'
	rebookingId: string | undefined
	/** How long the patient has to answer. */
	openSeconds: number
}

/** Ends an open offer that is not accepted. Its slots go to the next in line, or become free. */
export type EndOfferRequest = Common & {
	kind: 'end-offer'
	offerId: string
	as: 'declined' | 'expired' | 'withdrawn'
	/** The account that ends it; undefined when its time is over or its message failed. */
	endedBy: string | undefined
	startMinute: number
	minutes: number
}

type Common = {
	/** Identifies this attempt. A caller's repetition has another id and the same key. */
	id: string
	/** The node whose caller waits for the outcome. */
	node: string
	/** The doctor whose mailbox the request is in. */
	doctorId: string
	/** The account that asks. */
	by: string
	/** True for staff and doctors, who may act past the cut-off. */
	privileged: boolean
	key: string
	fingerprint: string
	origin: Origin
}

/**
 * Slots that changed without a request. The mailbox's batch reads and publishes them, so that watchers never get an old state after a
 * new one. Without minutes the whole calendar is reset.
 */
export type Announcement = { kind: 'announce'; doctorId: string; minutes: number[] | undefined }

/** Requests of one or more doctors that are settled together, with what the board shows of their calendars. */
export type Batch = BatchOf<QueueRequest, BoardSeen, BoardEnd>

/** What a request came to, as it travels back to the node of its caller. */
export type Outcome =
	| { done: Appointment }
	| { refused: RefusalCode; alternatives?: SlotOffer[] }
	/** The appointment has moved to another doctor, so the request belongs in that doctor's mailbox. */
	| { forward: string }
	/** An offer was made, or ended: the table of offers has it. */
	| { offer: 'settled' }

export type SettledOutcome = { request: ChangeRequest; outcome: Outcome }

/** A change of an appointment, with the people whom it concerns. */
export type Happening = { appointment: Appointment; change: AppointmentChange; patientUserId: string | null; doctorIds: string[] }

export function parcelOf(batch: Batch, doctorId: string) {
	const parcel = batch.parcels.get(doctorId)
	if (!parcel) throw new Error(`doctor ${doctorId} is not in this batch`)
	return parcel
}

export function isChange(request: QueueRequest): request is ChangeRequest {
	return request.kind !== 'announce'
}

/** Distinguishes a repetition from a different request under the same key. */
export function fingerprintOf(kind: ChangeRequest['kind'], payload: Record<string, unknown>): string {
	const sorted = Object.entries(payload)
		.filter(([, value]) => value !== undefined)
		.sort(([a], [b]) => (a < b ? -1 : 1))
	return hash('sha256', JSON.stringify([kind, sorted]), 'base64url')
}
