import { z } from 'zod'
import { Appointment } from './appointments.ts'
import { CalendarDate, Id, IdParams, Instant } from './common.ts'
import { endpoint } from './endpoint.ts'
import { slotRefusals } from './errors.ts'
import { NotificationChannel, NotificationKind, NotificationStatus } from './notifications.ts'
import { Role, staffRoles } from './roles.ts'

const By = z.object({ name: z.string(), role: Role }).meta({ description: 'The account that did it.' })

export const Place = z.object({ doctorId: Id, doctorName: z.string(), startsAt: Instant, endsAt: Instant }).meta({ id: 'Place' })
export type Place = z.infer<typeof Place>

const What = z
	.enum([
		'held',
		'released',
		'expired',
		'offered',
		'booked',
		'moved',
		'cancelled',
		'reset',
		'checked_in',
		'in_progress',
		'completed',
		'no_show',
		'undone',
		'confirmed',
		'blocked',
		'unblocked',
		'message',
	])
	.meta({ description: 'reset: the status is `booked` again. undone: the act named by `undoes` was taken back at once.' })

/** Something that happened to a slot or a visit. */
export const HistoryItem = z
	.object({
		at: Instant,
		what: What,
		by: By.optional(),
		appointmentId: Id.optional(),
		patientName: z.string().optional(),
		from: Place.optional().meta({ description: 'Of a move: the place that the visit left.' }),
		to: Place.optional().meta({ description: 'Of a move: where the visit went.' }),
		undoes: z.enum(['booked', 'moved', 'cancelled', 'status']).optional(),
		reason: z.string().optional(),
		message: z.object({ kind: NotificationKind, channel: NotificationChannel, status: NotificationStatus }).optional(),
	})
	.meta({ id: 'HistoryItem' })
export type HistoryItem = z.infer<typeof HistoryItem>

/** The trace of a visit at a place where it no longer is. */
export const VanishedVisit = z
	.object({
		appointmentId: Id,
		doctorId: Id,
		startsAt: Instant,
		endsAt: Instant,
		what: z.enum(['cancelled', 'moved']),
		patientName: z.string(),
		at: Instant,
		by: By.optional(),
		reason: z.string().optional(),
		to: Place.optional(),
	})
	.meta({ id: 'VanishedVisit' })
export type VanishedVisit = z.infer<typeof VanishedVisit>

/** A change in a doctor's calendar; `startsAt` is where the visit is now. */
export const DoctorsChange = HistoryItem.extend({ appointmentId: Id, startsAt: Instant }).meta({ id: 'DoctorsChange' })
export type DoctorsChange = z.infer<typeof DoctorsChange>

const tag = 'Histories'

export const historyEndpoints = {
	getSlotHistory: endpoint({
		method: 'get',
		path: '/slots/:id/history',
		tag,
		summary: 'Who held, booked, moved, cancelled or blocked a slot, and when; oldest first. Holds of the last 30 days.',
		access: ['doctor', ...staffRoles],
		reveals: 'slot',
		params: IdParams,
		response: z.object({ items: z.array(HistoryItem) }),
		refusals: ['not_found', 'forbidden'],
	}),
	getAppointmentHistory: endpoint({
		method: 'get',
		path: '/appointments/:id/history',
		tag,
		summary: 'What happened to a visit: its holds, moves, statuses and messages; oldest first.',
		access: ['doctor', ...staffRoles],
		reveals: 'appointment',
		params: IdParams,
		response: z.object({ items: z.array(HistoryItem) }),
		refusals: ['not_found'],
	}),
	listVanishedVisits: endpoint({
		method: 'get',
		path: '/vanished-visits',
		tag,
		summary: 'Visits that were cancelled on a day, or moved away from it. The day is the one of each doctor’s zone.',
		access: ['doctor', ...staffRoles],
		reveals: 'appointment',
		query: z.object({ date: CalendarDate, doctorId: Id.optional() }),
		response: z.object({ items: z.array(VanishedVisit) }),
		refusals: ['forbidden'],
	}),
	listDoctorChanges: endpoint({
		method: 'get',
		path: '/doctors/:id/changes',
		tag,
		summary: 'What was booked, moved or cancelled today in the doctor’s calendar, latest first.',
		access: ['doctor', ...staffRoles],
		reveals: 'calendar',
		params: IdParams,
		response: z.object({ items: z.array(DoctorsChange) }),
		refusals: ['forbidden'],
	}),
	undoAppointment: endpoint({
		method: 'post',
		path: '/appointments/:id/undo',
		tag: 'Booking',
		summary: 'Take back one’s own last change of a visit, within ten seconds. Patients who have not heard of it never do.',
		access: staffRoles,
		params: IdParams,
		response: Appointment,
		repeatable: true,
		refusals: [
			'not_found',
			'forbidden',
			'too_late',
			'wrong_status',
			...slotRefusals,
			'patient_overlap',
			'idempotency_mismatch',
			'queue_full',
			'booking_pending',
		],
	}),
}
