import { z } from 'zod'
import { Instant } from './common.ts'
import { endpoint } from './endpoint.ts'

export const CalendarLink = z
	.object({
		names: z.boolean(),
		createdAt: Instant,
		lastReadAt: Instant.optional().meta({ description: 'To the hour.' }),
	})
	.meta({ id: 'CalendarLink' })
export type CalendarLink = z.infer<typeof CalendarLink>

const access = ['patient', 'doctor'] as const
const path = '/me/calendar-link'
const tag = 'Identity'

export const calendarLinkEndpoints = {
	getCalendarLink: endpoint({
		method: 'get',
		path,
		tag,
		summary: 'Whether one’s own visits, or a doctor’s own calendar, can be subscribed to.',
		access,
		response: z.object({ link: CalendarLink.nullable() }),
	}),
	createCalendarLink: endpoint({
		method: 'post',
		path,
		tag,
		summary: 'A secret address for calendar programs, shown once, in place of the one before. Its events name persons only if asked for.',
		access,
		body: z.object({ names: z.boolean().default(false) }),
		status: 201,
		response: CalendarLink.extend({ url: z.string() }),
	}),
	removeCalendarLink: endpoint({ method: 'delete', path, tag, summary: 'End the subscription, at once.', access }),
}
