import type { z } from 'zod'
import type { Endpoint } from '../../contract/index.ts'
import { type Actor, actorPolicy, type Origin } from '../identity/actor.ts'
import type { Route } from '../identity/handlers.ts'
import { type NoteAccess, readingOf } from '../platform/http/routes.ts'
import { PreparedJson } from '../platform/prepared-json.ts'
import { parseInput, Refusal } from '../platform/refusal.ts'

/**
 * Asks the domains through the contract, so that FHIR is a third face over the same queries and commands: the same checks of input,
 * rights and scopes, and the same entries in the audit log.
 */
export function createAsk({ routes, noteAccess }: { routes: readonly Route[]; noteAccess: NoteAccess }): Ask {
	const byEndpoint = new Map(routes.map(route => [route.endpoint, route]))
	return async (endpoint, by, input = {}) => {
		const route = byEndpoint.get(endpoint)
		if (!route) throw new Refusal('not_found')
		const actor = actorPolicy.admit(endpoint.access, by.actor, endpoint)
		const asked = {
			params: parseInput(endpoint.params, input.params ?? {}),
			query: parseInput(endpoint.query, input.query ?? {}),
			body: parseInput(endpoint.body, input.body ?? {}),
		}
		const { origin } = by
		const handled = { ...asked, origin, idempotencyKey: input.idempotencyKey, file: Buffer.alloc(0) }
		const answer = await route.handle(handled as Parameters<Route['handle']>[0], actor)
		if (endpoint.reveals && actor && actorPolicy.isReadingRecorded(actor))
			noteAccess({ actor, origin, ...readingOf(endpoint.reveals, asked, answer) })
		return answer instanceof PreparedJson ? JSON.parse(answer.text) : answer
	}
}

export type Asker = { actor: Actor | null; origin: Origin }

export type Ask = <E extends Endpoint>(
	endpoint: E,
	by: Asker,
	input?: { params?: unknown; query?: unknown; body?: unknown; idempotencyKey?: string | undefined },
) => Promise<z.output<E['response']>>
