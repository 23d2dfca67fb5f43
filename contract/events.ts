import { z } from 'zod'
import { Appointment, AppointmentChanged, BookRequest, CancelRequest, RescheduleRequest } from './appointments.ts'
import { HoldAnyRequest } from './availability.ts'
import { CalendarChanged, CalendarPresence, DateRange, Snapshot } from './calendar.ts'
import { Id } from './common.ts'
import type { Access } from './endpoint.ts'
import type { Ack } from './errors.ts'
import { Hold, HoldRequest } from './holds.ts'
import { OfferChanged, RebookingChanged } from './offers.ts'
import { Room, RoomChanged, RoomRequest } from './waiting-room.ts'

type ClientEvent<P extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> = {
	summary: string
	access: Access
	payload: P
	/** See `Endpoint`. */
	isLong?: boolean
	/** See `Endpoint`. `idField` names the field of the payload with the id of the record. */
	reveals?: { kind: string; idField: string }
	/** The fields of the acknowledgement beside `ok: true`. */
	ack: A
}

const event = <P extends z.ZodType, A extends z.ZodType>(definition: ClientEvent<P, A>) => definition

const Nothing = z.object({})

/** Events that clients send. The server acknowledges every request, whatever the request carries. */
export const clientEvents = {
	'calendar:watch': event({
		summary: 'Watch a doctor’s calendar: a snapshot now, changes after it.',
		access: 'anyone',
		payload: z.object({ doctorId: Id }).and(DateRange),
		isLong: true,
		reveals: { kind: 'calendar', idField: 'doctorId' },
		ack: Snapshot,
	}),
	'calendar:unwatch': event({
		summary: 'Stop watching.',
		access: 'anyone',
		payload: z.object({ doctorId: Id }),
		ack: Nothing,
	}),
	'slot:hold': event({
		summary: 'Hold a slot, or renew one’s hold.',
		access: 'signed-in',
		payload: HoldRequest,
		ack: z.object({ hold: Hold }),
	}),
	'slot:hold-any': event({
		summary: 'Hold a time at any doctor who has it.',
		access: 'signed-in',
		payload: HoldAnyRequest,
		ack: z.object({ hold: Hold }),
	}),
	'slot:release': event({
		summary: 'Let go of one’s hold.',
		access: 'signed-in',
		payload: z.object({ slotId: Id }),
		ack: Nothing,
	}),
	'appointment:book': event({
		summary: 'Book a slot.',
		access: ['patient', 'doctor', 'receptionist', 'admin'],
		payload: BookRequest,
		ack: z.object({ appointment: Appointment }),
	}),
	'appointment:cancel': event({
		summary: 'Cancel an appointment.',
		access: 'signed-in',
		payload: CancelRequest,
		ack: z.object({ appointment: Appointment }),
	}),
	'appointment:reschedule': event({
		summary: 'Move an appointment to another slot.',
		access: ['patient', 'doctor', 'receptionist', 'admin'],
		payload: RescheduleRequest,
		ack: z.object({ appointment: Appointment }),
	}),
	'room:watch': event({
		summary: 'Watch today’s line of a doctor or of a site: a snapshot now, changes after it.',
		access: 'anyone',
		payload: RoomRequest,
		reveals: { kind: 'waiting_room', idField: 'name' },
		ack: Room,
	}),
	'room:unwatch': event({
		summary: 'Stop watching a line.',
		access: 'anyone',
		payload: z
			.object({ doctorId: Id.optional(), siteId: Id.optional() })
			.refine(({ doctorId, siteId }) => doctorId !== undefined || siteId !== undefined, { message: 'is needed', path: ['doctorId'] }),
		ack: Nothing,
	}),
	'session:renew': event({
		summary: 'Sign this connection in, or hand in a fresh token of its account, so that it outlives the old one.',
		access: 'anyone',
		payload: z.object({ token: z.string().min(1).max(4096) }),
		ack: z.object({ expiresIn: z.number().int().meta({ description: 'Seconds until the new token expires.' }) }),
	}),
} as const satisfies Record<string, ClientEvent>

/** Events that the server sends. */
export const serverEvents = {
	'calendar:changed': { summary: 'Slots of a watched calendar changed.', payload: CalendarChanged },
	'calendar:presence': { summary: 'How many watch this calendar; at most once a second.', payload: CalendarPresence },
	'offer:changed': { summary: 'To the patient and staff: an offer was made, opened, answered, or has ended.', payload: OfferChanged },
	'rebooking:changed': { summary: 'To staff: a patient of an absence has answered.', payload: RebookingChanged },
	'room:changed': { summary: 'A watched line changed.', payload: RoomChanged },
	'appointment:changed': {
		summary: 'To the patient, the doctor and staff: an appointment was booked, moved, cancelled, or changed status.',
		payload: AppointmentChanged,
	},
} as const

export type ClientEventName = keyof typeof clientEvents
export type Payload<E extends ClientEventName> = z.output<(typeof clientEvents)[E]['payload']>
export type AckOf<E extends ClientEventName> = z.infer<(typeof clientEvents)[E]['ack']>

/** For `io<ServerToClient, ClientToServer>()`. */
export type ClientToServer = {
	[E in ClientEventName]: (payload: z.input<(typeof clientEvents)[E]['payload']>, ack: (answer: Ack<AckOf<E>>) => void) => void
}

export type ServerToClient = {
	[E in keyof typeof serverEvents]: (payload: z.infer<(typeof serverEvents)[E]['payload']>) => void
}
