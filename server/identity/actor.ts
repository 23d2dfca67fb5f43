import type { AccountStatus, Role } from '../../contract/index.ts'

/** Who asks: a signed-in account, as known when its token was checked. */
export type Actor = Readonly<{
	userId: string
	role: Role
	status: AccountStatus
	fullName: string
	/** The patient file of the account, if it has one. */
	patientId: string | undefined
	/** The family of refresh tokens that the access token came from. */
	sessionId: string
	tokenExpiresAtMs: number
	/** Signed in with less than the server asks of this role: good for nothing but making up for it. */
	lacksSecondFactor?: boolean
}>

/** Where a request came from, for the audit log and for tracing. */
export type Origin = Readonly<{
	ip: string
	requestId: string
	/** The trace context of the step that it is part of, when it is traced. */
	trace?: string
}>

export const isStaff = (actor: Pick<Actor, 'role'> | null): boolean => actor?.role === 'receptionist' || actor?.role === 'admin'
