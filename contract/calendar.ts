import { z } from 'zod'
import { AppointmentStatus } from './appointments.ts'
import { CalendarDate, Id, IdParams, Instant } from './common.ts'
import { endpoint } from './endpoint.ts'
import { SlotOffer } from './errors.ts'
import { Role } from './roles.ts'

export const SlotState = z.enum(['free', 'held', 'booked', 'blocked'])
export type SlotState = z.infer<typeof SlotState>

export const Slot = z
	.object({
		id: Id,
		doctorId: Id,
		startsAt: Instant,
		endsAt: Instant,
		state: SlotState,
		heldUntil: Instant.optional(),
		heldByMe: z.boolean().optional(),
		heldBy: z.object({ name: z.string(), role: Role }).optional().meta({ description: 'Staff and the doctor only.' }),
		offeredTo: z
			.object({ patientName: z.string() })
			.optional()
			.meta({ description: 'Of an offered slot, which is held. Staff and the doctor only.' }),
		appointment: z
			.object({
				id: Id,
				patientName: z.string(),
				status: AppointmentStatus,
				buffer: z.literal(true).optional().meta({ description: 'On slots after the visit, which its type keeps free.' }),
			})
			.optional()
			.meta({ description: 'Staff and the doctor only.' }),
		alsoBooked: z
			.array(z.object({ id: Id, status: AppointmentStatus, patientName: z.string() }))
			.optional()
			.meta({ description: 'Extra visits and walk-ins at the time of this slot. Staff and the doctor only.' }),
	})
	.meta({ id: 'Slot' })
export type Slot = z.infer<typeof Slot>

export const SlotChange = Slot.extend({ version: z.number().int() }).meta({ id: 'SlotChange' })
export type SlotChange = z.infer<typeof SlotChange>

export const maxRangeDays = 42

const dayMs = 86_400_000

export const DateRange = z
	.object({ from: CalendarDate, to: CalendarDate })
	.refine(({ from, to }) => from <= to, { message: 'to must not be before from', path: ['to'] })
	.refine(({ from, to }) => (Date.parse(to) - Date.parse(from)) / dayMs < maxRangeDays, {
		message: `must span at most ${maxRangeDays} days`,
		path: ['to'],
	})
export type DateRange = z.infer<typeof DateRange>

export const Snapshot = z
	.object({
		doctorId: Id,
		timeZone: z.string(),
		version: z.number().int().meta({ description: 'Changes after this version follow.' }),
		slots: z.array(Slot),
	})
	.meta({ id: 'Snapshot' })
export type Snapshot = z.infer<typeof Snapshot>

export const CalendarChanged = z
	.object({
		doctorId: Id,
		fromVersion: z.number().int(),
		toVersion: z.number().int(),
		changes: z.array(SlotChange),
	})
	.meta({
		id: 'CalendarChanged',
		description:
			'fromVersion is the last toVersion + 1. A gap, which the server also leaves on purpose when a whole schedule changed, means: watch again.',
	})
export type CalendarChanged = z.infer<typeof CalendarChanged>

export const CalendarPresence = z.object({ doctorId: Id, viewers: z.number().int() }).meta({ id: 'CalendarPresence' })
export type CalendarPresence = z.infer<typeof CalendarPresence>

export const calendarEndpoints = {
	listSlots: endpoint({
		method: 'get',
		path: '/doctors/:id/slots',
		tag: 'Calendar',
		summary: 'The doctor’s slots between two dates in the doctor’s zone, both inclusive.',
		access: 'anyone',
		isLong: true,
		reveals: 'calendar',
		params: IdParams,
		query: DateRange,
		response: Snapshot,
		refusals: ['not_found'],
	}),
	listNextFree: endpoint({
		method: 'get',
		path: '/next-free',
		tag: 'Calendar',
		summary: 'The next free slots of up to 50 doctors, a few for each.',
		access: 'anyone',
		isLong: true,
		query: z.object({
			doctorIds: z
				.string()
				.max(1500)
				.transform(text => [...new Set(text.split(','))])
				.pipe(z.array(Id).min(1).max(50)),
			each: z.coerce.number().int().min(1).max(10).default(3),
		}),
		response: z.object({ items: z.array(z.object({ doctorId: Id, slots: z.array(SlotOffer) })), nextCursor: z.null() }),
	}),
}
