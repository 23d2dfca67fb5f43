import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { AppointmentChanged, Notification } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { socket } from '../api/socket.ts'

type Ledger = { confirmedAt: string | null; items: Notification[] }

const soonMs = 60_000

/** When a message that waits is to go out. */
export const nextAt = ({ nextTryAt, dueAt }: Notification): string => nextTryAt ?? dueAt

/** Other processes send messages and tell no page: while one is about to go out, the ledger is read often. */
const readAgainMs = (items: readonly Notification[], nowMs: number): number =>
	items.some(each => each.status === 'due' && Date.parse(nextAt(each)) < nowMs + soonMs) ? 1500 : 15_000

/** What was, or will be, told about an appointment; it follows what happens. */
export const useLedger = (appointmentId: string) => {
	const queries = useQueryClient()
	const queryKey = ['notifications', appointmentId]
	// biome-ignore lint/correctness/useExhaustiveDependencies: the key is made of the appointment's id
	useEffect(() => {
		const onChanged = ({ appointment }: AppointmentChanged) => {
			if (appointment.id === appointmentId) void queries.invalidateQueries({ queryKey })
		}
		socket.on('appointment:changed', onChanged)
		return () => {
			socket.off('appointment:changed', onChanged)
		}
	}, [queries, appointmentId])

	const ledger = useQuery({
		queryKey,
		queryFn: ({ signal }) => request<Ledger>(`/appointments/${appointmentId}/notifications`, { signal }),
		staleTime: 0,
		refetchInterval: ({ state }) => readAgainMs(state.data?.items ?? [], Date.now()),
	})
	const retry = useMutation({
		mutationFn: (id: string) => request<Notification>(`/notifications/${id}/retry`, { method: 'POST' }),
		onSuccess: changed =>
			queries.setQueryData<Ledger>(
				queryKey,
				known => known && { ...known, items: known.items.map(each => (each.id === changed.id ? changed : each)) },
			),
		// A refusal says that the row is no longer as it was shown.
		onSettled: () => queries.invalidateQueries({ queryKey }),
	})
	return { ledger, retry }
}
