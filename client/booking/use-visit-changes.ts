import { useMemo, useState } from 'react'
import type { Appointment, AppointmentStatus } from '../../contract/index.ts'
import { createAttempts } from '../api/attempt.ts'
import { request } from '../api/http.ts'
import { ask } from '../api/socket.ts'

const statusTries = 3

/**
 * Cancels a visit or sets its status. When the answer is lost, or is not known yet, the same attempt is repeated: the second
 * answer is the first outcome, not a refusal because of it.
 */
export function useVisitChanges() {
	const [attempt] = useState(createAttempts)
	return useMemo(
		() => ({
			/** @throws ApiError */
			cancel: async (appointmentId: string, typedReason: string): Promise<Appointment> => {
				const reason = typedReason.trim()
				const payload = { appointmentId, ...(reason && { reason }) }
				const { appointment } = await attempt(payload, idempotencyKey => ask('appointment:cancel', { ...payload, idempotencyKey }))
				return appointment
			},
			/** @throws ApiError */
			setStatus: (appointmentId: string, status: AppointmentStatus): Promise<Appointment> => {
				const send = (key: string) =>
					request<Appointment>(`/appointments/${appointmentId}/status`, { method: 'POST', body: { status }, key })
				return attempt({ appointmentId, status }, send, { tries: statusTries })
			},
		}),
		[attempt],
	)
}
