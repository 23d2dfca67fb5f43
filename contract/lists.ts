import { z } from 'zod'
import { AppointmentStatus } from './appointments.ts'
import { CalendarDate, Id, Instant, Text, TimeZone } from './common.ts'
import { endpoint } from './endpoint.ts'
import { staffRoles } from './roles.ts'

/** A visit on the sheet of a day. */
export const DayListItem = z
	.object({
		appointmentId: Id,
		doctorId: Id,
		doctorName: z.string(),
		timeZone: TimeZone,
		siteName: z.string().optional(),
		startsAt: Instant,
		endsAt: Instant,
		typeName: z.string(),
		status: AppointmentStatus,
		reason: z.string().optional(),
		patientId: Id,
		patientName: z.string(),
		birthDate: CalendarDate.optional(),
		phone: z.string().optional(),
	})
	.meta({ id: 'DayListItem' })
export type DayListItem = z.infer<typeof DayListItem>

export const maxListMessageLength = 600

const Receivers = z.object({
	appointmentIds: z
		.array(Id)
		.min(1)
		.max(500)
		.transform(ids => [...new Set(ids)]),
})

/** Whom a message to the visits of a list reaches. */
export const ListMessageReach = z
	.object({
		visits: z.number().int().meta({ description: 'To come, and reached by at least one channel.' }),
		messages: z.object({ email: z.number().int(), sms: z.number().int(), push: z.number().int() }),
		unreachable: z.array(z.object({ appointmentId: Id, patientName: z.string() })).meta({
			description: 'Without an address, or patients who want no messages.',
		}),
		leftOut: z.number().int().meta({ description: 'Cancelled, over, or no visits at all.' }),
	})
	.meta({ id: 'ListMessageReach' })
export type ListMessageReach = z.infer<typeof ListMessageReach>

export const listEndpoints = {
	getDayList: endpoint({
		method: 'get',
		path: '/day-list',
		tag: 'Lists',
		summary: 'The visits of a day that are not cancelled, by doctor and time. The day is the one of each doctor’s zone.',
		access: ['doctor', ...staffRoles],
		reveals: 'appointment',
		isLong: true,
		query: z.object({ date: CalendarDate, doctorId: Id.optional(), siteId: Id.optional() }),
		response: z.object({ date: CalendarDate, items: z.array(DayListItem) }),
		refusals: ['forbidden'],
	}),
	previewListMessage: endpoint({
		method: 'post',
		path: '/list-messages/preview',
		tag: 'Lists',
		summary: 'Whom a message to these visits would reach, and over what.',
		access: staffRoles,
		body: Receivers,
		response: ListMessageReach,
	}),
	sendListMessage: endpoint({
		method: 'post',
		path: '/list-messages',
		tag: 'Lists',
		summary: 'Write to the patients of these visits, once for each visit, through the ledger. Repeat safely with the same Idempotency-Key.',
		access: staffRoles,
		body: Receivers.extend({ text: Text(maxListMessageLength) }),
		status: 201,
		response: ListMessageReach.extend({ id: Id }),
		repeatable: true,
		refusals: ['idempotency_mismatch'],
	}),
}
