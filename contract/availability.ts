import { z } from 'zod'
import { CalendarDate, Id, Instant, InstantInput } from './common.ts'
import { endpoint } from './endpoint.ts'
import { slotRefusals } from './errors.ts'
import { Hold } from './holds.ts'

const maxDays = 42

const AnyOf = {
	specialty: z.string().trim().min(1).max(100).optional(),
	siteId: Id.optional(),
}

export const HoldAnyRequest = z.object({
	typeId: Id,
	startsAt: InstantInput,
	anyOf: z.object({ ...AnyOf, doctorIds: z.array(Id).min(1).max(50).optional() }).default({}),
})
export type HoldAnyRequest = z.infer<typeof HoldAnyRequest>

const AvailableTime = z.object({
	startsAt: Instant,
	endsAt: Instant,
	doctorIds: z.array(Id),
	slotIds: z.array(Id).meta({ description: 'The first slot with each of these doctors, in their order.' }),
})

export const AvailableDay = z.object({ date: CalendarDate, times: z.array(AvailableTime) }).meta({ id: 'AvailableDay' })
export type AvailableDay = z.infer<typeof AvailableDay>

const AvailabilityQuery = z
	.object({
		typeId: Id,
		from: CalendarDate,
		to: CalendarDate,
		...AnyOf,
		doctorIds: z
			.string()
			.max(1500)
			.transform(text => [...new Set(text.split(','))])
			.pipe(z.array(Id).min(1).max(50))
			.optional(),
		half: z.enum(['morning', 'afternoon']).optional().meta({ description: 'Only starts before noon of the doctor’s zone, or from noon.' }),
		limit: z.coerce.number().int().min(1).max(50).optional().meta({ description: 'Only the earliest times, that many. Without it, all.' }),
	})
	.refine(({ from, to }) => to >= from && Date.parse(to) - Date.parse(from) < maxDays * 86_400_000, {
		path: ['to'],
		message: `must be the same day as from or later, ${maxDays} days at most`,
	})
export type AvailabilityQuery = z.infer<typeof AvailabilityQuery>

export const availabilityEndpoints = {
	listAvailability: endpoint({
		method: 'get',
		path: '/availability',
		tag: 'Calendar',
		summary: 'Times at any doctor for a kind of visit, by day. What is listed can be held.',
		access: 'anyone',
		isLong: true,
		query: AvailabilityQuery,
		response: z.object({ days: z.array(AvailableDay) }),
		refusals: ['not_found'],
	}),
	holdAny: endpoint({
		method: 'post',
		path: '/holds',
		tag: 'Booking',
		summary: 'Hold a time at any doctor who has it: the doctor with the fewest visits that day is chosen.',
		access: 'signed-in',
		body: HoldAnyRequest,
		status: 201,
		response: Hold,
		refusals: ['not_found', ...slotRefusals, 'type_not_offered', 'hold_limit'],
	}),
}
