import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { Clinic, Closure, Doctor, Page } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { addDays } from '../i18n/format.ts'

/** Why a doctor has no times on a date. */
export type NoTimes = { why: 'not-open-yet' } | { why: 'closed'; name: string } | { why: 'no-hours' }

/** Tells a day beyond the clinic's horizon from a closed one, and that from a day without hours. */
export const useNoTimes = (dates: readonly string[], today: string): ((doctor: Doctor, date: string) => NoTimes) => {
	const clinic = useQuery({ queryKey: ['clinic'], queryFn: () => request<Clinic>('/clinic'), staleTime: 60_000 })
	const [from, to] = [dates[0] as string, dates.at(-1) as string]
	const closures = useQuery({
		queryKey: ['closures', from, to],
		queryFn: () => request<Page<Closure>>(`/closures${query({ from, to, limit: 200 })}`),
		staleTime: 60_000,
	})
	const daysAhead = clinic.data?.policy.slotDaysAhead
	const closed = closures.data?.items
	return useCallback(
		(doctor, date) => {
			const closure = closed?.find(
				({ siteId, from, to }) => from <= date && date <= to && (siteId === undefined || doctor.siteIds.every(id => id === siteId)),
			)
			if (closure) return { why: 'closed', name: closure.name }
			return daysAhead !== undefined && date > addDays(today, daysAhead) ? { why: 'not-open-yet' } : { why: 'no-hours' }
		},
		[closed, daysAhead, today],
	)
}
