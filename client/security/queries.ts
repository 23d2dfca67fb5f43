import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { OwnSession, Page, SecondFactor } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'

const securityKey = ['me', 'security']

export const useSecondFactor = () =>
	useQuery({
		queryKey: [...securityKey, 'second factor'],
		queryFn: ({ signal }) => request<SecondFactor>('/me/second-factor', { signal }),
		staleTime: 0,
	})

export const useSessions = () =>
	useQuery({
		queryKey: [...securityKey, 'sessions'],
		queryFn: ({ signal }) => request<Page<OwnSession>>(`/me/sessions${query({ limit: 100 })}`, { signal }),
		staleTime: 0,
	})

/** Reads all of it again: switching the second factor on or off ends sessions, too. */
export const useSecurityChanged = () => {
	const queries = useQueryClient()
	return () => queries.invalidateQueries({ queryKey: securityKey })
}
