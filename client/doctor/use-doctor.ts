import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { AppointmentType, Doctor, Page } from '../../contract/index.ts'
import { request } from '../api/http.ts'

export const useDoctor = (doctorId: string) =>
	useQuery({
		queryKey: ['doctor', doctorId],
		queryFn: ({ signal }) => request<Doctor>(`/doctors/${doctorId}`, { signal }),
		staleTime: 60_000,
	})

/** Names of the kinds of appointment by their id. */
export const useTypeNames = (): ReadonlyMap<string, string> => {
	const { data } = useQuery({
		queryKey: ['appointment-types'],
		queryFn: ({ signal }) => request<Page<AppointmentType>>('/appointment-types', { signal }),
		staleTime: 600_000,
	})
	return useMemo(() => new Map((data?.items ?? []).map(({ id, name }) => [id, name])), [data])
}
