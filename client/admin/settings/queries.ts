import { type QueryKey, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { AppointmentType, Clinic, Doctor, Page, SetupStep, Site } from '../../../contract/index.ts'
import { query, request } from '../../api/http.ts'

export const keys = {
	clinic: ['clinic'],
	sites: ['sites'],
	types: ['appointment-types'],
	doctors: ['doctors'],
	closures: ['closures'],
	users: ['users'],
	setup: ['setup'],
} as const satisfies Record<string, QueryKey>

export const useClinic = () => useQuery({ queryKey: keys.clinic, queryFn: ({ signal }) => request<Clinic>('/clinic', { signal }) })

/** Every site, those that are archived last. */
export const useSites = () =>
	useQuery({
		queryKey: [...keys.sites, 'with-archived'],
		queryFn: async ({ signal }) => archivedLast(await all<Site>('/sites', { archived: 'true' }, signal)),
	})

/** Every kind of appointment, those that are archived last. */
export const useTypes = () =>
	useQuery({
		queryKey: [...keys.types, 'with-archived'],
		queryFn: async ({ signal }) => archivedLast(await all<AppointmentType>('/appointment-types', { archived: 'true' }, signal)),
	})

export const useDoctors = () =>
	useQuery({ queryKey: [...keys.doctors, 'all'], queryFn: ({ signal }) => all<Doctor>('/doctors', {}, signal) })

export const useSetup = () =>
	useQuery({ queryKey: keys.setup, queryFn: ({ signal }) => request<{ steps: SetupStep[] }>('/setup', { signal }), staleTime: 0 })

/** Writes, and has what the pages show read again, together with the steps of setting up. */
export const useSaving = <I, O>(send: (input: I) => Promise<O>, changed: readonly QueryKey[], onSaved?: (saved: O) => void) => {
	const queries = useQueryClient()
	return useMutation({
		mutationFn: async (input: I) => {
			try {
				return await send(input)
			} finally {
				// Also when it failed half-way.
				await Promise.all([...changed, keys.setup].map(queryKey => queries.invalidateQueries({ queryKey })))
			}
		},
		onSuccess: saved => onSaved?.(saved),
	})
}

/** A list that is short enough to be read whole. */
export const all = async <T>(path: string, parameters: Record<string, string | undefined>, signal: AbortSignal): Promise<T[]> => {
	const items: T[] = []
	for (let cursor: string | undefined; ; ) {
		const page = await request<Page<T>>(`${path}${query({ ...parameters, cursor, limit: 200 })}`, { signal })
		items.push(...page.items)
		if (page.nextCursor === null) return items
		cursor = page.nextCursor
	}
}

const archivedLast = <T extends { archived: boolean }>(items: T[]): T[] => items.toSorted((a, b) => Number(a.archived) - Number(b.archived))
