import { queryOptions, useQuery } from '@tanstack/react-query'
import type { Clinic, Page, Site } from '../../contract/index.ts'
import { request } from './http.ts'

const tenMinutesMs = 600_000

/** The clinic as the server put it into the page; undefined where the page came from elsewhere. */
const embedded = (): Clinic | undefined => {
	try {
		return JSON.parse(document.getElementById('clinic')?.textContent ?? '')
	} catch {
		return undefined
	}
}

export const clinicQuery = queryOptions({
	queryKey: ['clinic'],
	queryFn: ({ signal }) => request<Clinic>('/clinic', { signal }),
	initialData: embedded(),
	staleTime: tenMinutesMs,
})

export const useClinic = (): Clinic | undefined => useQuery(clinicQuery).data

/** What the clinic is called until its name is known. */
export const useClinicName = (): string => useClinic()?.name || 'Liveslot'

/** Where the clinic receives patients. */
export const useSites = () =>
	useQuery({
		queryKey: ['sites'],
		queryFn: ({ signal }) => request<Page<Site>>('/sites?limit=200', { signal }),
		select: ({ items }) => items,
		staleTime: tenMinutesMs,
	})
