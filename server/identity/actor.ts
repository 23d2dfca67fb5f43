import { type Access, type AccountStatus, type Endpoint, type Role, type Scope, scopeOf } from '../../contract/index.ts'
import type { Caller, CallerPolicy } from '../platform/caller.ts'
import type { CallerRooms } from '../platform/live/callers.ts'
import { Refusal } from '../platform/refusal.ts'

export type { Origin } from '../platform/caller.ts'

/** The signed-in account in whose name a call is made, as it was when the database was last asked. */
export type Actor = Caller &
	Readonly<{
		role: Role
		status: AccountStatus
		fullName: string
		/** The patient file of the account, if it has one. */
		patientId: string | undefined
		/** The desk books for this patient, who may not. */
		mustCallToBook?: boolean
		/** The clinic requires a second factor of this role, and the account has none: it may only set one up. */
		lacksSecondFactor?: boolean
		/** What a program with a key may do. Undefined for people. */
		scopes?: readonly Scope[]
	}>

export function isStaff(actor: Pick<Actor, 'role'> | null): boolean {
	return actor?.role === 'receptionist' || actor?.role === 'admin'
}

/** Decides which calls and events an actor may use, and whether their reading is recorded. */
export const actorPolicy: CallerPolicy<Actor> = {
	admit(access, actor, endpoint) {
		if (actor?.scopes && !isInScope(actor.scopes, endpoint)) {
			if (access === 'anyone') return null
			throw new Refusal('forbidden', { message: 'This key has no scope for this call' })
		}
		const known = access === 'anyone' ? admitted(actor) : actor
		checkAccess(access, known)
		return known
	},
	isReadingRecorded: ({ role }) => role !== 'patient',
	// Sockets of staff receive all appointments, a doctor's those of the doctor's own calendar.
	followedEntity: 'appointment',
}

function isInScope(scopes: readonly Scope[], endpoint: Endpoint | undefined): boolean {
	const needed = endpoint && scopeOf(endpoint)
	return needed !== undefined && scopes.includes(needed)
}

/**
 * Checks an actor against what an endpoint or event asks for. The domain checks what depends on the thing itself
 * (one's own appointment, one's own calendar).
 *
 * @throws Refusal unauthenticated, account_pending, account_disabled, second_factor_needed, forbidden
 */
export function checkAccess(access: Access, actor: Actor | null): void {
	if (access === 'anyone') return
	if (!actor) throw new Refusal('unauthenticated')
	if (actor.status === 'disabled') throw new Refusal('account_disabled')
	if (access === 'any-status') return
	if (actor.lacksSecondFactor) throw new Refusal('second_factor_needed')
	if (actor.status === 'pending') throw new Refusal('account_pending')
	if (access !== 'signed-in' && !access.includes(actor.role)) throw new Refusal('forbidden')
}

/** Treats an actor who lacks a required second factor as a stranger where strangers are admitted, because staff see more there. */
export function admitted(actor: Actor | null): Actor | null {
	return actor?.lacksSecondFactor ? null : actor
}

/** The actor of a request that the policy admitted. */
export function signedIn(actor: Actor | null): Actor {
	if (!actor) throw new Refusal('unauthenticated')
	return actor
}

export const staffRoom = 'staff'

/** Rooms are named by whom they are for. A socket is in its actor's rooms, and changes rooms when the actor's role changes. */
export const actorRooms: CallerRooms<Actor> = {
	account: userRoom,
	session: sessionRoom,
	others: actor => (actor.status === 'active' && isStaff(actor) ? [staffRoom] : []),
}

export function userRoom(userId: string): string {
	return `user:${userId}`
}

function sessionRoom(sessionId: string): string {
	return `session:${sessionId}`
}
