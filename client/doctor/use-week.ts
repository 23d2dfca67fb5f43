import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Appointment, AppointmentChanged, Page } from '../../contract/index.ts'
import { useCalendar } from '../api/calendar.ts'
import { query, request } from '../api/http.ts'
import { socket } from '../api/socket.ts'
import { addDays, dateIn } from '../i18n/format.ts'
import { merge } from './merge.ts'

const listAppointments = async (doctorId: string, from: string, to: string, signal: AbortSignal): Promise<Appointment[]> => {
	const items: Appointment[] = []
	let cursor: string | undefined
	do {
		const page = await request<Page<Appointment>>(`/appointments${query({ doctorId, from, to, limit: 200, cursor })}`, { signal })
		items.push(...page.items)
		cursor = page.nextCursor ?? undefined
	} while (cursor)
	return items
}

/** A doctor's appointments and slots of the week from a Monday, both live. */
export const useWeek = (doctorId: string, timeZone: string, monday: string, onChange: (changed: AppointmentChanged) => void) => {
	const queries = useQueryClient()
	const sunday = addDays(monday, 6)
	const queryKey = useMemo(() => ['appointments', 'week', doctorId, monday, timeZone], [doctorId, monday, timeZone])
	const listed = useQuery({ queryKey, queryFn: ({ signal }) => listAppointments(doctorId, monday, sunday, signal) })
	const calendar = useCalendar(doctorId, monday, sunday)
	const [changes, setChanges] = useState<ReadonlyMap<string, Appointment>>(new Map())

	const told = useRef(onChange)
	useEffect(() => {
		told.current = onChange
	})
	const learn = useMemo(
		() => (appointment: Appointment) =>
			setChanges(known => {
				const before = known.get(appointment.id)
				return before && before.sequence > appointment.sequence ? known : new Map(known).set(appointment.id, { ...before, ...appointment })
			}),
		[],
	)
	useEffect(() => {
		const onChanged = (changed: AppointmentChanged) => {
			learn(changed.appointment)
			if (changed.appointment.doctorId === doctorId) told.current(changed)
		}
		socket.on('appointment:changed', onChanged)
		return () => {
			socket.off('appointment:changed', onChanged)
		}
	}, [doctorId, learn])

	// What happened while the connection was away was not announced.
	const before = useRef(calendar.state)
	useEffect(() => {
		if (before.current === 'stale' && calendar.state === 'live') void queries.invalidateQueries({ queryKey })
		before.current = calendar.state
	}, [calendar.state, queries, queryKey])

	const appointments = useMemo(
		() =>
			listed.data &&
			merge(listed.data, changes).filter(appointment => {
				const date = dateIn(appointment.startsAt, timeZone)
				return appointment.doctorId === doctorId && date >= monday && date <= sunday
			}),
		[listed.data, changes, doctorId, timeZone, monday, sunday],
	)
	return { appointments, error: listed.error, retry: () => void listed.refetch(), calendar, learn }
}
