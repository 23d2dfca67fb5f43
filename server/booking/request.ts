import { hash } from 'node:crypto'
import type { AppointmentStatus } from '../../contract/index.ts'
import type { Origin } from '../identity/actor.ts'

type Common = {
	/** Of this attempt; a caller's repetition has another id and the same key. */
	id: string
	/** The node that waits for the outcome. */
	node: string
	/** Whose queue it is in. */
	doctorId: string
	/** The account that asks. */
	by: string
	/** May act past the cut-off. */
	privileged: boolean
	key: string
	fingerprint: string
	origin: Origin
}

export type BookingRequest = Common & {
	kind: 'book'
	startMinute: number
	/** Length of the appointment's type; undefined takes one slot. */
	minutes: number | undefined
	typeId: string
	patientId: string
	reason: string | undefined
}

export type RescheduleRequest = Common & {
	kind: 'reschedule'
	appointmentId: string
	startMinute: number
	/** Whose slots it leaves, as known when it was asked for: told anew when a crash has forgotten which they were. */
	fromDoctorId: string
}

export type CancelRequest = Common & { kind: 'cancel'; appointmentId: string; reason: string | undefined }

export type StatusRequest = Common & { kind: 'status'; appointmentId: string; status: AppointmentStatus }

/** A request that somebody waits for, and whose outcome is kept. */
export type ChangeRequest = BookingRequest | RescheduleRequest | CancelRequest | StatusRequest

/**
 * Slots whose state changed elsewhere, to be told in the queue's order: by then the database is read anew, so that
 * nothing old is told after something new. Without slots the whole calendar is.
 */
export type Announcement = { kind: 'announce'; doctorId: string; minutes: number[] | undefined }

export type QueueRequest = ChangeRequest | Announcement

/** Tells a repetition from another request under the same key. */
export const fingerprintOf = (kind: ChangeRequest['kind'], payload: Record<string, unknown>): string => {
	const sorted = Object.entries(payload)
		.filter(([, value]) => value !== undefined)
		.sort(([a], [b]) => (a < b ? -1 : 1))
	return hash('sha256', JSON.stringify([kind, sorted]), 'base64url')
}
