import { z } from 'zod'
import { FullName, Id, IdParams, Instant, InstantInput, PageQuery, pageOf } from './common.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

/** What a program may do. A program with a key acts like the desk, as far as its scopes go. */
export const scopes = ['calendar:read', 'appointments:read', 'appointments:write', 'patients:read', 'patients:write'] as const
export const Scope = z.enum(scopes).meta({ id: 'Scope' })
export type Scope = z.infer<typeof Scope>

/** The calls of each scope. Calls of no scope are closed to programs; those open to anyone treat a program without their scope as a stranger. */
const callsOf: Record<Scope, readonly string[]> = {
	'calendar:read': [
		'GET /clinic',
		'GET /sites',
		'GET /appointment-types',
		'GET /closures',
		'GET /doctors',
		'GET /doctors/:id',
		'GET /doctors/:id/slots',
		'GET /doctors/:id/schedule',
		'GET /doctors/:id/plans',
		'GET /doctors/:id/hours',
		'GET /doctors/:id/time-off',
		'GET /availability',
		'GET /next-free',
	],
	'appointments:read': ['GET /appointments', 'GET /appointments/:id', 'GET /appointments/:id/calendar.ics'],
	'appointments:write': [
		'POST /slots/:id/hold',
		'DELETE /slots/:id/hold',
		'POST /holds',
		'POST /appointments',
		'POST /appointments/:id/cancel',
		'POST /appointments/:id/reschedule',
		'POST /appointments/:id/status',
		'POST /walk-ins',
		'POST /appointments/:id/check-in',
	],
	'patients:read': ['GET /patients', 'GET /patients/:id'],
	'patients:write': ['POST /patients', 'PATCH /patients/:id'],
}

const scopeOfCall = new Map(scopes.flatMap(scope => callsOf[scope].map(call => [call, scope] as const)))

/** The scope that a program needs for a call. Undefined for calls that are not for programs. */
export function scopeOf({ method, path }: Pick<Endpoint, 'method' | 'path'>): Scope | undefined {
	return scopeOfCall.get(`${method.toUpperCase()} ${path}`)
}

const maxKeys = 10

/** Public keys (RFC 7517) of a program that signs its requests. Private and shared keys are refused; of two with one `kid`, neither is used. */
export const Jwks = z
	.object({
		keys: z
			.array(
				z
					.looseObject({ kty: z.enum(['RSA', 'EC']), kid: z.string().min(1).max(200) })
					.refine(key => !['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some(part => part in key), 'must be a public key'),
			)
			.min(1)
			.max(maxKeys),
	})
	.refine(jwks => JSON.stringify(jwks).length <= 20_000, 'is too large')
	.meta({ id: 'Jwks' })

export const ApiClient = z
	.object({
		id: Id.meta({ description: 'Also the `bookedBy` of what this program books.' }),
		name: z.string(),
		scopes: z.array(Scope),
		createdAt: Instant,
		expiresAt: Instant.optional(),
		lastUsedAt: Instant.optional().meta({ description: 'To the minute.' }),
		formerKeyUntil: Instant.optional().meta({ description: 'Until then the key before the last rotation works, too.' }),
		jwks: Jwks.optional(),
		jwksUrl: z.string().optional(),
	})
	.meta({ id: 'ApiClient' })
export type ApiClient = z.infer<typeof ApiClient>

export const ApiClientWithKey = ApiClient.extend({
	key: z.string().meta({ description: 'Shown now and never again. Sent as `Authorization: Bearer lsk_…`.' }),
}).meta({ id: 'ApiClientWithKey' })
export type ApiClientWithKey = z.infer<typeof ApiClientWithKey>

const tag = 'Admin'

export const apiClientEndpoints = {
	listApiClients: endpoint({
		method: 'get',
		path: '/admin/api-clients',
		tag,
		summary: 'Programs with a key, newest first.',
		access: ['admin'],
		query: PageQuery,
		response: pageOf(ApiClient),
	}),
	createApiClient: endpoint({
		method: 'post',
		path: '/admin/api-clients',
		tag,
		summary: 'Give a program a key.',
		access: ['admin'],
		body: z
			.object({
				name: FullName,
				scopes: z
					.array(Scope)
					.min(1)
					.transform(list => [...new Set(list)]),
				expiresAt: InstantInput.optional(),
				jwks: Jwks.optional().meta({ description: 'For SMART Backend Services: the program may then sign for tokens of `/fhir`.' }),
				jwksUrl: z
					.url({ protocol: /^https$/ })
					.max(500)
					.optional()
					.meta({ description: 'The same, by an address of the internet.' }),
			})
			.refine(({ jwks, jwksUrl }) => !jwks || !jwksUrl, { message: 'must be left out with jwks', path: ['jwksUrl'] }),
		status: 201,
		response: ApiClientWithKey,
	}),
	rotateApiClient: endpoint({
		method: 'post',
		path: '/admin/api-clients/:id/rotate',
		tag,
		summary: 'Give a program a new key. The former one works for some time yet, so that the program can change over.',
		access: ['admin'],
		params: IdParams,
		body: z.object({
			overlapMinutes: z
				.number()
				.int()
				.min(0)
				.max(7 * 24 * 60)
				.default(60),
		}),
		response: ApiClientWithKey,
		refusals: ['not_found'],
	}),
	revokeApiClient: endpoint({
		method: 'delete',
		path: '/admin/api-clients/:id',
		tag,
		summary: 'Take a program’s keys away, at once.',
		access: ['admin'],
		params: IdParams,
		refusals: ['not_found'],
	}),
}
