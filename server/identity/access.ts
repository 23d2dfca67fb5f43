import type { Access } from '../../contract/index.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Actor } from './actor.ts'

/**
 * Checks an actor against what an endpoint or event asks for. What depends on the thing asked for
 * (one's own appointment, one's own calendar) is for the domain to check.
 *
 * @throws Refusal unauthenticated, account_pending, account_disabled, second_factor_needed, forbidden
 */
export const checkAccess = (access: Access, actor: Actor | null): void => {
	if (access === 'anyone') return
	if (!actor) throw new Refusal('unauthenticated')
	if (actor.status === 'disabled') throw new Refusal('account_disabled')
	if (access === 'any-status') return
	if (actor.lacksSecondFactor) throw new Refusal('second_factor_needed')
	if (actor.status === 'pending') throw new Refusal('account_pending')
	if (access !== 'signed-in' && !access.includes(actor.role)) throw new Refusal('forbidden')
}

/** Who lacks a second factor that they need is a stranger to whatever is open to strangers: it shows staff more. */
export const admitted = (actor: Actor | null): Actor | null => (actor?.lacksSecondFactor ? null : actor)

/** The actor of a request that `checkAccess` let through. */
export const signedIn = (actor: Actor | null): Actor => {
	if (!actor) throw new Refusal('unauthenticated')
	return actor
}
