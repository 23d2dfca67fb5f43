import type { Scope } from '../../contract/index.ts'
import type { Actor } from '../identity/actor.ts'
import { Refusal } from '../platform/refusal.ts'

// What a program may do at this door: letters of SMART's second version for each type of resource.

/** Create, read, update, delete, search. */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's'

/** Such as `Appointment.s`. */
export type Right = `${string}.${Letter}`

export type Rights = ReadonlySet<Right>

export const publicTypes = [
	'Practitioner',
	'PractitionerRole',
	'Schedule',
	'Slot',
	'Location',
	'HealthcareService',
	'Organization',
] as const

const rightsOfScope: Record<Scope, Right[]> = {
	'calendar:read': publicTypes.flatMap((type): Right[] => [`${type}.r`, `${type}.s`]),
	'appointments:read': ['Appointment.r', 'Appointment.s'],
	'appointments:write': ['Appointment.c', 'Appointment.u', 'Appointment.d'],
	'patients:read': ['Patient.r', 'Patient.s'],
	'patients:write': ['Patient.c', 'Patient.u'],
}

export function rightsOf(scopes: readonly Scope[]): Set<Right> {
	return new Set(scopes.flatMap(scope => rightsOfScope[scope] ?? []))
}

/** The scopes that `rights` need at the domains. */
export function scopesFor(rights: Rights): Scope[] {
	return (Object.keys(rightsOfScope) as Scope[]).filter(scope => rightsOfScope[scope].some(right => rights.has(right)))
}

/** Narrows what a client asks for to what it may: the rights, and their spelling as scopes. */
export function grant(asked: string, allowed: Rights): { rights: Set<Right>; scope: string } {
	const rights = new Set<Right>()
	for (const text of asked.split(/\s+/)) {
		const [, type = '', letters = ''] = /^system\/(\*|[A-Za-z]{1,40})\.(c?r?u?d?s?)$/.exec(text) ?? []
		for (const right of allowed) {
			const [ofType, letter = ''] = right.split('.')
			if ((type === '*' || type === ofType) && letters.includes(letter)) rights.add(right)
		}
	}
	return { rights, scope: spell(rights) }
}

function spell(rights: Rights): string {
	const types = [...new Set([...rights].map(right => right.split('.')[0] as string))]
	const lettersOf = (type: string) => ['c', 'r', 'u', 'd', 's'].filter(letter => rights.has(`${type}.${letter as Letter}`)).join('')
	return types.map(type => `system/${type}.${lettersOf(type)}`).join(' ')
}

export type Guest = { actor: Actor; rights: Rights }

/** @throws Refusal unauthenticated without a token, forbidden without one of the rights */
export function needs(guest: Guest | null, ...anyOf: Right[]): Guest {
	if (!guest) throw new Refusal('unauthenticated')
	if (!anyOf.some(right => guest.rights.has(right))) throw new Refusal('forbidden', { message: `This needs one of: ${anyOf.join(', ')}` })
	return guest
}

/** The program for what an admitted operation has to look up, whatever its own scopes are. */
export function withScopes(actor: Actor, ...scopes: Scope[]): Actor {
	return { ...actor, scopes: [...new Set([...(actor.scopes ?? []), ...scopes])] }
}
