import type { Actor } from '../identity/actor.ts'

/** What the clinic's rules do without a call is done in the name of the account that set them going. */
export function systemActor(userId: string): Actor {
	return {
		userId,
		role: 'receptionist',
		status: 'active',
		fullName: '',
		patientId: undefined,
		sessionId: 'offers',
		tokenExpiresAtMs: 0,
	}
}
