import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Doctor, Page, Site } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import type { Shown } from './use-view.ts'

/** More columns than this are no overview, and each is a calendar to watch. */
export const mostColumns = 60

/** The doctors whom the board shows, and whether there are more than that. */
export const useDoctors = (shown: Shown) => {
	const filter = filterOf(shown)
	const read = useQuery({
		queryKey: ['doctors', 'desk', filter],
		queryFn: () => request<Page<Doctor>>(`/doctors${query({ ...filter, limit: mostColumns })}`),
		staleTime: 60_000,
		placeholderData: before => before,
	})
	return { ...read, hasMore: !!read.data?.nextCursor }
}

/** Single doctors by id, whom an earliest time or a visit led to. */
export const useDoctorsById = (ids: readonly string[]): readonly Doctor[] => {
	const key = [...ids].sort().join(',')
	const read = useQuery({
		queryKey: ['doctors', 'by-id', key],
		queryFn: () => request<Page<Doctor>>(`/doctors${query({ ids: key, limit: 200 })}`),
		enabled: key !== '',
		staleTime: 60_000,
		placeholderData: before => before,
	})
	return useMemo(() => read.data?.items ?? [], [read.data])
}

/** Every site, page by page. */
export const useSites = (): readonly Site[] => {
	const read = useQuery({ queryKey: ['sites', 'all'], queryFn: readSites, staleTime: 60_000 })
	return useMemo(() => read.data ?? [], [read.data])
}

async function readSites(): Promise<Site[]> {
	const sites: Site[] = []
	let cursor: string | undefined
	do {
		const page: Page<Site> = await request(`/sites${query({ limit: 200, cursor })}`)
		sites.push(...page.items)
		cursor = page.nextCursor ?? undefined
	} while (cursor)
	return sites
}

function filterOf(shown: Shown): { siteId?: string; ids?: string } {
	switch (shown.kind) {
		case 'all':
			return {}
		case 'site':
			return { siteId: shown.siteId }
		case 'doctors':
			return { ids: shown.doctorIds.join(',') }
		case 'week':
			return { ids: shown.doctorId }
	}
}
