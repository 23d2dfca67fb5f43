import { z } from 'zod'
import { CalendarDate, Id, PageQuery, pageOf } from './common.ts'
import { endpoint } from './endpoint.ts'
import { AuditEntry } from './identity.ts'

const Share = z.number().min(0).max(1).nullable().meta({ description: 'Between 0 and 1; null when there is nothing to divide by.' })

const VisitCounts = z.object({
	appointments: z.number().int(),
	cancelled: z.number().int(),
	noShow: z.number().int(),
	moves: z.number().int(),
})

export const Analytics = z
	.object({
		totals: z.object({
			appointments: z.number().int(),
			booked: z.number().int(),
			completed: z.number().int(),
			cancelled: z.number().int(),
			noShow: z.number().int(),
			slots: z.number().int(),
			bookedSlots: z.number().int(),
		}),
		byDay: z.array(z.object({ date: CalendarDate, booked: z.number().int(), cancelled: z.number().int(), noShow: z.number().int() })),
		byDoctor: z.array(
			z.object({
				doctorId: Id,
				fullName: z.string(),
				appointments: z.number().int(),
				cancelled: z.number().int(),
				noShow: z.number().int(),
				slots: z.number().int(),
				bookedSlots: z.number().int(),
				utilisation: Share,
			}),
		),
		byHour: z
			.array(z.object({ weekday: z.number().int(), hour: z.number().int(), appointments: z.number().int() }))
			.meta({ description: 'Appointments that were not cancelled.' }),
		byType: z.array(z.object({ typeId: Id, name: z.string(), ...VisitCounts.shape })),
		byChannel: z
			.array(z.object({ channel: z.enum(['online', 'desk', 'doctor']), ...VisitCounts.shape }))
			.meta({ description: 'By who booked: the patient, the desk, or the doctor.' }),
		moves: z.object({ moves: z.number().int(), appointments: z.number().int() }).meta({
			description: 'How often appointments moved, and how many of them did.',
		}),
		waiting: z
			.object({
				visits: z.number().int().meta({ description: 'Of which both instants are known.' }),
				medianMinutes: z.number().nullable(),
				p90Minutes: z.number().nullable(),
			})
			.meta({ description: 'From check-in, or the agreed time if that is later, to the start of the visit.' }),
		punctuality: z
			.object({ visits: z.number().int(), medianMinutesLate: z.number().nullable(), onTimeRate: Share })
			.meta({ description: 'How late visits started; on time is at most ten minutes.' }),
		utilisation: Share.meta({ description: 'Booked slots over all slots that were not blocked.' }),
		leadTime: z
			.object({ medianHours: z.number().nullable(), p90Hours: z.number().nullable(), meanHours: z.number().nullable() })
			.meta({ description: 'From booking to the start of the visit.' }),
		noShowRate: Share,
		cancellationRate: Share,
	})
	.meta({ id: 'Analytics' })
export type Analytics = z.infer<typeof Analytics>

export const analyticsEndpoints = {
	getAnalytics: endpoint({
		method: 'get',
		path: '/admin/analytics',
		tag: 'Admin',
		summary: 'Figures of the visits between two dates, both inclusive. Days are those of each doctor’s zone.',
		access: ['admin'],
		query: z
			.object({ from: CalendarDate, to: CalendarDate, doctorId: Id.optional() })
			.refine(({ from, to }) => from <= to, { message: 'to must not be before from', path: ['to'] }),
		response: Analytics,
		refusals: ['not_found'],
	}),
	getAppointmentsFile: endpoint({
		method: 'get',
		path: '/admin/appointments.csv',
		tag: 'Admin',
		summary: 'The appointments between two dates as a table for spreadsheets, at most 50,000. No cell is taken for a formula.',
		access: ['admin'],
		reveals: 'appointment',
		isLong: true,
		query: z
			.object({ from: CalendarDate, to: CalendarDate, doctorId: Id.optional() })
			.refine(({ from, to }) => from <= to, { message: 'to must not be before from', path: ['to'] }),
		response: z.string(),
		contentType: 'text/csv',
		refusals: ['not_found'],
	}),
	listAudit: endpoint({
		method: 'get',
		path: '/admin/audit',
		tag: 'Admin',
		summary: 'Who did what to what, when and from where; newest first.',
		access: ['admin'],
		reveals: 'audit',
		query: PageQuery.extend({
			from: CalendarDate.optional(),
			to: CalendarDate.optional(),
			actor: z.string().trim().max(100).optional(),
			entity: z.string().trim().max(100).optional(),
			patientId: Id.optional(),
		}),
		response: pageOf(AuditEntry),
	}),
}
