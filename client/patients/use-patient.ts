import { useQuery } from '@tanstack/react-query'
import type { PatientCard } from '../../contract/index.ts'
import { request } from '../api/http.ts'

export const usePatient = (id: string | undefined) =>
	useQuery({
		queryKey: ['patient', id],
		queryFn: ({ signal }) => request<PatientCard>(`/patients/${id}`, { signal }),
		enabled: id !== undefined,
		staleTime: 0,
	})

/** Full years between a date of birth and today. */
export const ageOf = (birthDate: string, now = new Date()): number => {
	const [year = 0, month = 1, day = 1] = birthDate.split('-').map(Number)
	const hadBirthday = now.getMonth() + 1 > month || (now.getMonth() + 1 === month && now.getDate() >= day)
	return now.getFullYear() - year - (hadBirthday ? 0 : 1)
}
