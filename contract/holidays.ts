import { z } from 'zod'
import { LanguageTag } from './clinic.ts'
import { CalendarDate } from './common.ts'
import { endpoint } from './endpoint.ts'

export const Holiday = z
	.object({
		from: CalendarDate,
		to: CalendarDate,
		name: z.string(),
		kind: z.enum(['public', 'bank', 'optional']).meta({ description: 'optional: some employers give the day off.' }),
	})
	.meta({ id: 'Holiday' })
export type Holiday = z.infer<typeof Holiday>

const Region = z.object({ code: z.string(), name: z.string() })

export const Holidays = z
	.object({
		items: z.array(Holiday),
		regions: z.array(Region).meta({ description: 'Parts of the country that have holidays of their own.' }),
	})
	.meta({ id: 'Holidays' })
export type Holidays = z.infer<typeof Holidays>

export const holidayEndpoints = {
	listHolidays: endpoint({
		method: 'get',
		path: '/closures/holidays',
		tag: 'Doctors and schedules',
		summary: 'Holidays of a country in a year, by date: what closures may be made of. A country that is not known has none.',
		access: ['admin'],
		query: z.object({
			country: z
				.string()
				.regex(/^[A-Z]{2}$/, 'must be two capital letters, as in ISO 3166-1')
				.meta({ example: 'DE' }),
			region: z
				.string()
				.regex(/^[A-Z0-9]{1,5}$/, 'must be a code of one of the regions')
				.optional()
				.meta({ example: 'BE' }),
			year: z.coerce.number().int().min(2000).max(2100),
			language: LanguageTag.optional().meta({ description: 'The language of the names, where they are known in it.' }),
		}),
		response: Holidays,
	}),
}
