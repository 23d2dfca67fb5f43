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

/** All kinds of visit, or those of a doctor, with the doctor's own minutes. */
const typesQuery = (doctorId?: string) =>
	queryOptions({
		queryKey: ['appointment-types', doctorId],
		queryFn: ({ signal }) => request<Page<AppointmentType>>(`/appointment-types${query({ doctorId })}`, { signal }),
		staleTime: 10 * minuteMs,
	})

/** Asks for what a doctor's page needs first, before anything of it is drawn. */
export const prefetchBooking = (queries: QueryClient, pathname: string) => {
	const [, doctorId] = /^\/doctors\/([\w-]+)\/?$/.exec(pathname) ?? []
	if (!doctorId) return
	void queries.prefetchQuery(doctorQuery(doctorId))
	void queries.prefetchQuery(typesQuery(doctorId))
}

export const useDoctor = (doctorId: string | undefined) => useQuery({ ...doctorQuery(doctorId ?? ''), enabled: doctorId !== undefined })

export const useAppointmentTypes = (doctorId?: string) => useQuery({ ...typesQuery(doctorId), select: page => page.items })

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
