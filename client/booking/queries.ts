import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import type { Appointment, AppointmentType, Doctor, Page, SlotOffer } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'

const minuteMs = 60_000

const doctorQuery = (doctorId: string) =>
	queryOptions({
		queryKey: ['doctor', doctorId],
		queryFn: ({ signal }) => request<Doctor>(`/doctors/${encodeURIComponent(doctorId)}`, { signal }),
		staleTime: 10 * minuteMs,
	})

const typesQuery = queryOptions({
	queryKey: ['appointment-types'],
	queryFn: ({ signal }) => request<Page<AppointmentType>>('/appointment-types', { signal }),
	staleTime: 10 * minuteMs,
})

/** Asks for what a doctor's page needs first, before anything of it is drawn. */
export const prefetchBooking = (queries: QueryClient, pathname: string) => {
	const [, doctorId] = /^\/doctors\/([\w-]+)\/?$/.exec(pathname) ?? []
	if (!doctorId) return
	void queries.prefetchQuery(doctorQuery(doctorId))
	void queries.prefetchQuery(typesQuery)
}

export const useDoctor = (doctorId: string | undefined) => useQuery({ ...doctorQuery(doctorId ?? ''), enabled: doctorId !== undefined })

export const useAppointmentTypes = () => useQuery({ ...typesQuery, select: page => page.items })

export type NextFree = { items: { doctorId: string; slots: SlotOffer[] }[] }

/** The next free times of some doctors, looked up every minute. */
export const useNextFree = (doctorIds: readonly string[], each: number) =>
	useQuery({
		queryKey: ['next-free', each, doctorIds],
		queryFn: ({ signal }) => request<NextFree>(`/next-free${query({ doctorIds: doctorIds.join(','), each })}`, { signal }),
		select: ({ items }) => new Map(items.map(({ doctorId, slots }) => [doctorId, slots])),
		enabled: doctorIds.length > 0,
		refetchInterval: minuteMs,
	})

export const useAppointment = (appointmentId: string | undefined) =>
	useQuery({
		queryKey: ['appointment', appointmentId],
		queryFn: ({ signal }) => request<Appointment>(`/appointments/${encodeURIComponent(appointmentId ?? '')}`, { signal }),
		enabled: appointmentId !== undefined,
	})
