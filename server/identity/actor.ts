import type { AccountStatus, Role } from '../../contract/index.ts'
import type { Caller } from '../platform/caller.ts'

export type { Origin } from '../platform/caller.ts'

/** Who asks: a signed-in account, as it was when its authority was last read. */
export type Actor = Caller &
	Readonly<{
		role: Role
		status: AccountStatus
		fullName: string
		/** The patient file of the account, if it has one. */
		patientId: string | undefined
		/** The clinic asks a second factor of this role, and the account has none: it may do nothing but set one up. */
		lacksSecondFactor?: boolean
	}>

export function isStaff(actor: Pick<Actor, 'role'> | null): boolean {
	return actor?.role === 'receptionist' || actor?.role === 'admin'
}
