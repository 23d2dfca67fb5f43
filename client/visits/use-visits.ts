import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Appointment, Doctor, Page } from '../../contract/index.ts'
import { query, request, serverNow } from '../api/http.ts'
import { socket } from '../api/socket.ts'

const pageSize = 200
/** More visits than a patient can have: a server that never ends its list must not keep the page for ever. */
const maxPages = 10

/** Every page of a list. */
const readAll = async (parameters: Record<string, string>, signal: AbortSignal): Promise<Appointment[]> => {
	const found: Appointment[] = []
	let cursor: string | null = ''
	for (let page = 0; page < maxPages && cursor !== null; page++) {
		const { items, nextCursor }: Page<Appointment> = await request(`/appointments${query({ ...parameters, limit: pageSize, cursor })}`, {
			signal,
		})
		found.push(...items)
		cursor = nextCursor
	}
	return found
}

const dayMs = 86_400_000

/** Visits that are ahead or going on, earliest first; or the others, latest first. */
export type VisitList = 'upcoming' | 'past'

export const isAhead = ({ status, endsAt }: Appointment, nowMs: number): boolean =>
	status !== 'cancelled' && status !== 'no_show' && status !== 'completed' && Date.parse(endsAt) > nowMs

export const useVisits = (list: VisitList) =>
	useQuery({
		queryKey: ['appointments', 'mine', list],
		queryFn: async ({ signal }) => {
			const now = serverNow()
			if (list === 'upcoming') {
				const found = await readAll({ from: new Date(now - dayMs).toISOString() }, signal)
				return found.filter(visit => isAhead(visit, now))
			}
			const found = await readAll({}, signal)
			return found.filter(visit => !isAhead(visit, now)).reverse()
		},
	})

/** Fetches the lists again when the server says that a visit has changed. */
export const useLiveVisits = () => {
	const queries = useQueryClient()
	useEffect(() => {
		const refresh = () => void queries.invalidateQueries({ queryKey: ['appointments'] })
		socket.on('appointment:changed', refresh)
		// What happened while the connection was away was not told.
		socket.on('connect', refresh)
		return () => {
			socket.off('appointment:changed', refresh)
			socket.off('connect', refresh)
		}
	}, [queries])
}

/** The doctors of some visits, by id, as far as they are known. */
export const useDoctorsOf = (visits: readonly Appointment[]): ReadonlyMap<string, Doctor> =>
	useQueries({
		queries: [...new Set(visits.map(({ doctorId }) => doctorId))].map(doctorId => ({
			queryKey: ['doctor', doctorId],
			queryFn: () => request<Doctor>(`/doctors/${encodeURIComponent(doctorId)}`),
			staleTime: 600_000,
		})),
		combine: results => new Map(results.flatMap(({ data }) => (data ? [[data.id, data] as const] : []))),
	})
