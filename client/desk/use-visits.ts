import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import type { Appointment, AppointmentChanged, Page } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { socket } from '../api/socket.ts'
import { addDays } from '../i18n/format.ts'

export type Visits = ReadonlyMap<string, Appointment>

/** The visits of these dates, by id, kept up to date: what a tile shows besides the name. */
export const useVisits = (dates: readonly string[], doctorId: string | undefined): Visits => {
	const queries = useQueryClient()
	// A day more on either side: dates are those of each doctor's zone.
	const from = addDays(dates[0] as string, -1)
	const to = addDays(dates.at(-1) as string, 1)
	const key = useMemo(() => ['visits', 'desk', from, to, doctorId], [from, to, doctorId])
	const read = useQuery({ queryKey: key, queryFn: () => readVisits({ from, to, doctorId }) })
	useEffect(() => {
		const onChanged = ({ appointment }: AppointmentChanged) =>
			queries.setQueryData<Appointment[]>(key, visits => visits && [...visits.filter(({ id }) => id !== appointment.id), appointment])
		const onConnect = () => void queries.invalidateQueries({ queryKey: key })
		socket.on('appointment:changed', onChanged)
		socket.on('connect', onConnect)
		return () => {
			socket.off('appointment:changed', onChanged)
			socket.off('connect', onConnect)
		}
	}, [queries, key])
	return useMemo(() => new Map((read.data ?? []).map(visit => [visit.id, visit])), [read.data])
}

/** A board of sixty doctors has fewer visits than this in three days. */
const mostPages = 20

async function readVisits(asked: { from: string; to: string; doctorId: string | undefined }): Promise<Appointment[]> {
	const visits: Appointment[] = []
	let cursor: string | undefined
	for (let pages = 0; pages < mostPages; pages++) {
		const page: Page<Appointment> = await request(`/appointments${query({ ...asked, limit: 200, cursor })}`)
		visits.push(...page.items)
		if (!page.nextCursor) break
		cursor = page.nextCursor
	}
	return visits
}
