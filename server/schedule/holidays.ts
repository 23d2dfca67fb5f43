import { type Holiday, type Holidays, holidayEndpoints } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'

type Query = { country: string; region?: string | undefined; year: number; language?: string | undefined }

/** The holidays of a country, for admins to make closures of. */
export function holidayRoutes(): Route[] {
	return [route(holidayEndpoints.listHolidays, ({ query }) => listHolidays(query))]
}

async function listHolidays({ country, region, year, language }: Query): Promise<Holidays> {
	// Megabytes of dates, which no start waits for.
	const { default: Calendar } = await import('date-holidays')
	const languages = language ? [language.slice(0, 2)] : []
	const known = new Calendar()
	const names = known.getStates(country, languages[0]) ?? {}
	const regions = Object.entries(names).map(([code, name]) => ({ code, name }))
	if (!(country in known.getCountries())) return { items: [], regions: [] }
	const calendar = new Calendar(country, region !== undefined && region in names ? region : '', { languages })
	const items = calendar
		.getHolidays(year, languages[0])
		.filter(({ type }) => isKind(type))
		.map(({ date, start, end, name, type }): Holiday => {
			const from = date.slice(0, 10)
			const days = Math.max(1, Math.round((end.getTime() - start.getTime()) / dayMs))
			return { from, to: new Date(Date.parse(from) + (days - 1) * dayMs).toISOString().slice(0, 10), name, kind: type as Holiday['kind'] }
		})
	return { items, regions }
}

const isKind = (type: string) => type === 'public' || type === 'bank' || type === 'optional'

const dayMs = 86_400_000
