import type { Access } from '../../contract/index.ts'
import type { CallerPolicy } from '../platform/caller.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Actor } from './actor.ts'

/** Decides which calls and events an actor may use, and whether their reading is recorded. */
export const actorPolicy: CallerPolicy<Actor> = {
	admit(access, actor) {
		const known = access === 'anyone' ? admitted(actor) : actor
		checkAccess(access, known)
		return known
	},
	isReadingRecorded: ({ role }) => role !== 'patient',
	// Staff hear of all appointments, a doctor of those in their own calendar.
	followedEntity: 'appointment',
}

/** An actor who lacks a required second factor is a stranger to what is open to strangers, because it shows staff more. */
export function admitted(actor: Actor | null): Actor | null {
	return actor?.lacksSecondFactor ? null : actor
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

/** The actor of a request that the policy admitted. */
export function signedIn(actor: Actor | null): Actor {
	if (!actor) throw new Refusal('unauthenticated')
	return actor
}
