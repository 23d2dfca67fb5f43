import { type QueryClient, useQuery } from '@tanstack/react-query'
import type { Closure, DatedHours, Page, Plan, TimeOff } from '../../contract/index.ts'
import { all, useSites } from '../admin/settings/queries.ts'
import { query, request } from '../api/http.ts'
import type { YearFacts } from './year-days.ts'

/** By validity. */
export const usePlans = (doctorId: string) =>
	useQuery({
		queryKey: ['hours', doctorId, 'plans'],
		queryFn: async ({ signal }) => (await request<Page<Plan>>(`/doctors/${doctorId}/plans`, { signal })).items,
	})

/** All that says what is in force on the days of a year. */
export const useYearFacts = (doctorId: string, timeZone: string, year: number) => {
	const sites = useSites()
	const plans = usePlans(doctorId)
	const between = { from: `${year}-01-01`, to: `${year}-12-31` }
	const dated = useQuery({
		queryKey: ['hours', doctorId, 'dated', year],
		queryFn: async ({ signal }) => (await request<Page<DatedHours>>(`/doctors/${doctorId}/hours${query(between)}`, { signal })).items,
	})
	const closures = useQuery({ queryKey: ['closures', year], queryFn: ({ signal }) => all<Closure>('/closures', between, signal) })
	const timeOff = useQuery({
		queryKey: ['time-off', doctorId, 'all'],
		queryFn: ({ signal }) => all<TimeOff>(`/doctors/${doctorId}/time-off`, {}, signal),
	})
	const queries = [sites, plans, dated, closures, timeOff]
	const zones = new Map((sites.data ?? []).map(site => [site.id, site.timeZone]))
	const facts: YearFacts = {
		plans: plans.data ?? [],
		dated: dated.data ?? [],
		closures: closures.data ?? [],
		timeOff: timeOff.data ?? [],
		zoneOf: siteId => (siteId === undefined ? undefined : zones.get(siteId)) ?? timeZone,
	}
	const failed = queries.find(({ error, data }) => error && !data)
	return {
		facts,
		sites: sites.data ?? [],
		error: failed?.error,
		isPending: queries.some(({ isPending }) => isPending),
		refetch: () => Promise.all(queries.map(each => each.refetch())),
	}
}

/** Has everything read again that follows from a doctor's hours. */
export const hoursChanged = (queries: QueryClient, doctorId: string) =>
	Promise.all(
		[['hours', doctorId], ['schedule', doctorId], ['doctor', doctorId], ['setup']].map(queryKey => queries.invalidateQueries({ queryKey })),
	)
