import { z } from 'zod'
import { CalendarDate, Id, IdempotencyKey, IdParams, Instant, InstantInput, PageQuery, pageOf, Text } from './common.ts'
import { endpoint } from './endpoint.ts'
import { slotRefusals } from './errors.ts'
import type { RefusalCode } from './refusals.ts'

export const AppointmentStatus = z.enum(['booked', 'checked_in', 'in_progress', 'completed', 'no_show', 'cancelled'])
export type AppointmentStatus = z.infer<typeof AppointmentStatus>

/** An extra visit lies outside or on top of slots; a walk-in came without an appointment. */
export const AppointmentKind = z.enum(['slot', 'extra', 'walk_in'])
export type AppointmentKind = z.infer<typeof AppointmentKind>

export const Appointment = z
	.object({
		id: Id,
		doctorId: Id,
		patientId: Id,
		typeId: Id,
		slotIds: z.array(Id),
		startsAt: Instant,
		endsAt: Instant,
		status: AppointmentStatus,
		reason: z.string().optional(),
		kind: AppointmentKind,
		extraReason: z.string().optional().meta({ description: 'Why an extra visit was allowed.' }),
		allowedBy: Id.optional().meta({ description: 'The account that allowed an extra visit or took in a walk-in.' }),
		bookedBy: Id,
		createdAt: Instant,
		updatedAt: Instant,
		sequence: z.number().int().meta({ description: 'Grows with every change, as in iCalendar (RFC 5545).' }),
		patientName: z.string().optional(),
		doctorName: z.string().optional(),
	})
	.meta({ id: 'Appointment' })
export type Appointment = z.infer<typeof Appointment>

const bookingFields = {
	slotId: Id.optional().meta({ description: 'Left out for an extra visit only.' }),
	typeId: Id.optional(),
	patientId: Id.optional(),
	reason: Text(500).optional(),
	doctorId: Id.optional().meta({ description: 'With `extra`.' }),
	startsAt: InstantInput.optional().meta({ description: 'With `extra`: any minute.' }),
	minutes: z.number().int().min(1).max(480).optional().meta({ description: 'With `extra`; the length of the type by default.' }),
	extra: z
		.object({ reason: Text(500) })
		.optional()
		.meta({ description: 'A visit outside or on top of slots, if the clinic’s policy lets the caller, and why.' }),
}

/** Says what a booking lacks; or which of the two kinds of booking it mixes. */
const isOneKind = (
	{ slotId, extra, doctorId, startsAt, minutes }: { [Field in 'slotId' | 'extra' | 'doctorId' | 'startsAt' | 'minutes']?: unknown },
	{ addIssue }: { addIssue: (issue: { code: 'custom'; path: string[]; message: string }) => void },
) => {
	const expect = (field: string, message: string | false) => message && addIssue({ code: 'custom', path: [field], message })
	if (extra) {
		expect('slotId', slotId !== undefined && 'must be left out of an extra visit')
		expect('doctorId', doctorId === undefined && 'is needed for an extra visit')
		expect('startsAt', startsAt === undefined && 'is needed for an extra visit')
	} else {
		expect('slotId', slotId === undefined && 'is needed')
		expect('extra', (doctorId ?? startsAt ?? minutes) !== undefined && 'is needed with doctorId, startsAt or minutes')
	}
}

export const BookingInput = z.object(bookingFields).superRefine(isOneKind)
export type BookingInput = z.infer<typeof BookingInput>

export const BookRequest = z.object({ ...bookingFields, idempotencyKey: IdempotencyKey }).superRefine(isOneKind)
export type BookRequest = z.infer<typeof BookRequest>

export const CancelRequest = z.object({ appointmentId: Id, reason: Text(500).optional(), idempotencyKey: IdempotencyKey.optional() })
export type CancelRequest = z.infer<typeof CancelRequest>

export const RescheduleRequest = z.object({ appointmentId: Id, slotId: Id, idempotencyKey: IdempotencyKey })
export type RescheduleRequest = z.infer<typeof RescheduleRequest>

export const AppointmentChange = z.enum(['booked', 'cancelled', 'rescheduled', 'status'])
export type AppointmentChange = z.infer<typeof AppointmentChange>

export const AppointmentChanged = z.object({ appointment: Appointment, change: AppointmentChange }).meta({ id: 'AppointmentChanged' })
export type AppointmentChanged = z.infer<typeof AppointmentChanged>

const DayOrInstant = z.union([CalendarDate, InstantInput])

const bookingRefusals: readonly RefusalCode[] = ['not_found', ...slotRefusals, 'patient_overlap', 'upcoming_limit', 'type_not_offered']
const queueRefusals = ['idempotency_mismatch', 'queue_full', 'booking_pending'] as const

const tag = 'Booking'

export const appointmentEndpoints = {
	bookAppointment: endpoint({
		method: 'post',
		path: '/appointments',
		tag,
		summary:
			'Book a slot: a patient for themself, staff for any patient, a doctor for any patient in the own calendar. Staff and doctors may until the slot ends. With `extra` instead of a slot: an extra visit. Repeat safely with the same Idempotency-Key.',
		access: ['patient', 'doctor', 'receptionist', 'admin'],
		body: BookingInput,
		status: 201,
		response: Appointment,
		repeatable: true,
		refusals: [...bookingRefusals, ...queueRefusals],
	}),
	listAppointments: endpoint({
		method: 'get',
		path: '/appointments',
		tag,
		summary: 'One’s own appointments; all for staff; a doctor’s own calendar. By start, earliest first.',
		access: 'signed-in',
		reveals: 'appointment',
		query: PageQuery.extend({
			doctorId: Id.optional(),
			patientId: Id.optional(),
			from: DayOrInstant.optional(),
			to: DayOrInstant.optional(),
			status: z
				.string()
				.transform(text => text.split(','))
				.pipe(z.array(AppointmentStatus))
				.optional(),
		}),
		response: pageOf(Appointment),
	}),
	getAppointment: endpoint({
		method: 'get',
		path: '/appointments/:id',
		tag,
		summary: 'One appointment.',
		access: 'signed-in',
		reveals: 'appointment',
		params: IdParams,
		response: Appointment,
		refusals: ['not_found'],
	}),
	getAppointmentFile: endpoint({
		method: 'get',
		path: '/appointments/:id/calendar.ics',
		tag,
		summary: 'One appointment as an iCalendar file.',
		access: 'signed-in',
		reveals: 'appointment',
		params: IdParams,
		response: z.string(),
		contentType: 'text/calendar',
		refusals: ['not_found'],
	}),
	cancelAppointment: endpoint({
		method: 'post',
		path: '/appointments/:id/cancel',
		tag,
		summary: 'Cancel. Patients may until the cut-off; staff and the doctor at any time before it is over.',
		access: 'signed-in',
		params: IdParams,
		body: z.object({ reason: Text(500).optional() }),
		response: Appointment,
		repeatable: true,
		refusals: ['not_found', 'too_late', 'wrong_status', ...queueRefusals],
	}),
	rescheduleAppointment: endpoint({
		method: 'post',
		path: '/appointments/:id/reschedule',
		tag,
		summary: 'Move to another slot; a doctor within the own calendar. The old slot is freed only if the new one is won.',
		access: ['patient', 'doctor', 'receptionist', 'admin'],
		params: IdParams,
		body: z.object({ slotId: Id }),
		response: Appointment,
		repeatable: true,
		refusals: ['too_late', 'wrong_status', ...bookingRefusals, ...queueRefusals],
	}),
	setAppointmentStatus: endpoint({
		method: 'post',
		path: '/appointments/:id/status',
		tag,
		summary: 'Check in, start, complete, or mark as a no-show.',
		access: ['doctor', 'receptionist', 'admin'],
		params: IdParams,
		body: z.object({ status: AppointmentStatus }),
		response: Appointment,
		repeatable: true,
		refusals: ['not_found', 'wrong_status', 'patient_overlap', ...queueRefusals],
	}),
}
