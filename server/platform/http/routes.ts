import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import type { z } from 'zod'
import { type Endpoint, IdempotencyKey } from '../../../contract/index.ts'
import type { Caller, CallerPolicy, Origin } from '../caller.ts'
import type { Span, Tracer } from '../observability/tracer.ts'
import { PreparedJson } from '../prepared-json.ts'
import { parseInput, Refusal } from '../refusal.ts'
import type { AuditFact } from '../security/audit.ts'
import type { MeasureAnswer } from '../security/long-answers.ts'
import { apiPath } from './observe.ts'

export type Authenticate<C extends Caller> = (authorization: string | undefined) => Promise<C | null>

export type Limit = (caller: Caller | null, ip: string) => Promise<void>

export type NoteAccess = (fact: AuditFact) => void

export type Input<E extends Endpoint> = {
	params: z.output<E['params']>
	query: z.output<E['query']>
	body: z.output<E['body']>
	origin: Origin
	/** The body of a call that takes a file. Empty for other calls. */
	file: Buffer
	idempotencyKey: string | undefined
	req: Request
	res: Response
}

export type Route<C extends Caller = Caller> = {
	endpoint: Endpoint
	handle: (input: Input<Endpoint>, caller: C | null) => Promise<unknown>
}

/** A handler's answer. */
type Answer<E extends Endpoint> = z.input<E['response']> | PreparedJson

/** `route`, for a domain's own type of caller. */
export type BindRoute<C extends Caller> = <E extends Endpoint>(
	endpoint: E,
	handle: (input: Input<E>, caller: C) => Promise<Answer<E>>,
) => Route<C>

/** `publicRoute`, for a domain's own type of caller. */
export type BindPublicRoute<C extends Caller> = <E extends Endpoint>(
	endpoint: E,
	handle: (input: Input<E>, caller: C | null) => Promise<Answer<E>>,
) => Route<C>

export type RouterDeps<C extends Caller> = {
	authenticate: Authenticate<C>
	policy: CallerPolicy<C>
	limit: Limit
	/** Undefined where nothing is limited. */
	longAnswer?: MeasureAnswer | undefined
	/** Called for each answer that shows other people's personal details. */
	noteAccess: NoteAccess
	tracer: Tracer
}

export function apiRouter<C extends Caller>(routes: readonly Route<C>[], deps: RouterDeps<C>): Router {
	const router = Router()
	for (const each of routes) router[each.endpoint.method](each.endpoint.path, readBody(each.endpoint), asExpress(each, deps))
	return router
}

/** Binds a call that needs an account. */
export function route<E extends Endpoint, C extends Caller>(
	endpoint: E,
	handle: (input: Input<E>, caller: C) => Promise<Answer<E>>,
): Route<C> {
	if (endpoint.access === 'anyone') throw new Error(`${endpoint.path} is open to anyone: bind it with publicRoute`)
	return { endpoint, handle: handle as Route<C>['handle'] }
}

/** Binds a call without an account; `caller` is null without a token. */
export function publicRoute<E extends Endpoint, C extends Caller>(
	endpoint: E,
	handle: (input: Input<E>, caller: C | null) => Promise<Answer<E>>,
): Route<C> {
	if (endpoint.access !== 'anyone') throw new Error(`${endpoint.path} is not open to anyone: bind it with route`)
	return { endpoint, handle: handle as Route<C>['handle'] }
}

const readJson = express.json({ limit: '100kb', strict: true })

/** A file is read whatever the client says that it is: its bytes are what counts. */
function readBody({ maxFileBytes }: Endpoint): RequestHandler {
	return maxFileBytes === undefined ? readJson : express.raw({ type: () => true, limit: maxFileBytes })
}

function asExpress<C extends Caller>(route: Route<C>, deps: RouterDeps<C>): RequestHandler {
	const { tracer } = deps
	const answer = answering(route, deps)
	const path = apiPath(route.endpoint.path)
	const name = `${route.endpoint.method.toUpperCase()} ${path}`
	return async (req, res) => {
		res.locals.route = path
		if (!tracer.isOn) return await answer(req, res, undefined)
		const { traceparent } = req.headers
		const span = tracer.start(name, { kind: 'server', parent: typeof traceparent === 'string' ? traceparent : undefined })
		await tracer.within(span, () => traced(span, res.locals.requestId, () => answer(req, res, span.context)))
	}
}

function answering<C extends Caller>(
	{ endpoint, handle }: Route<C>,
	{ authenticate, policy, limit, longAnswer, noteAccess }: RouterDeps<C>,
) {
	return async (req: Request, res: Response, trace: string | undefined): Promise<void> => {
		const origin: Origin = { ip: req.ip ?? '', requestId: res.locals.requestId, ...(trace && { trace }) }
		// A client that signs in, renews or ends a session may still send an expired token, which these calls ignore.
		const known = endpoint.path.startsWith('/auth/') ? null : await authenticateOrCount(req.headers.authorization, origin.ip)
		res.locals.actorId = known?.userId
		await limit(known, origin.ip)
		const caller = policy.admit(endpoint.access, known, endpoint)
		const key = req.headers['idempotency-key']
		const input: Input<Endpoint> = {
			params: parseInput(endpoint.params, req.params),
			query: parseInput(endpoint.query, req.query),
			body: parseInput(endpoint.body, endpoint.maxFileBytes === undefined ? (req.body ?? {}) : {}),
			file: Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0),
			origin,
			idempotencyKey: key === undefined ? undefined : parseInput(IdempotencyKey, key),
			req,
			res,
		}

		async function make() {
			const answer = await handle(input, caller)
			return { answer, body: bodyOf(endpoint, answer) }
		}

		const { answer, body } =
			endpoint.isLong && longAnswer
				? await longAnswer({ userId: caller?.userId, ip: origin.ip }, make, made => Buffer.byteLength(made.body))
				: await make()
		if (endpoint.reveals && caller && policy.isReadingRecorded(caller))
			noteAccess({ actor: caller, origin, ...readingOf(endpoint.reveals, input, answer) })
		if (endpoint.status === 303) return res.redirect(303, body as string)
		if (!(endpoint.mayCreate && res.statusCode === 201)) res.status(endpoint.status)
		if (endpoint.status === 204) return void res.end()
		// Of a picture the handler knows more than the contract does.
		if (!res.hasHeader('Content-Type')) res.type(endpoint.contentType ?? 'application/json')
		res.send(body)
	}

	/** Counts a request with a bad token like a request without one: by address. */
	async function authenticateOrCount(authorization: string | undefined, ip: string): Promise<C | null> {
		try {
			return await authenticate(authorization)
		} catch (error) {
			await limit(null, ip)
			throw error
		}
	}
}

function bodyOf({ status, contentType }: Endpoint, answer: unknown): string | Buffer {
	if (status === 204) return ''
	if (contentType || status === 303) return answer as string | Buffer
	return answer instanceof PreparedJson ? answer.text : JSON.stringify(answer)
}

/**
 * Describes a read for the audit log: the id of one record, or the length of a list and how it was narrowed. Search words are
 * personal details and left out.
 */
export function readingOf(kind: string, { params, query }: { params: unknown; query: unknown }, answer: unknown) {
	const items = (answer as { items?: unknown[] } | undefined)?.items
	const narrowed = Object.entries(query as Record<string, unknown>).filter(([name, value]) => name.endsWith('Id') && value !== undefined)
	const entityId = (params as { id?: string }).id
	return {
		action: items && entityId === undefined ? 'listed' : 'viewed',
		entity: kind,
		...(entityId !== undefined && { entityId }),
		details: { ...(items && { shown: items.length }), ...Object.fromEntries(narrowed) },
	}
}

/** Runs the call as a step of a trace, the caller's own if the request names one (https://www.w3.org/TR/trace-context/). */
async function traced(span: Span, requestId: string, answer: () => Promise<void>) {
	span.set('liveslot.request_id', requestId)
	try {
		await answer()
	} catch (error) {
		const code = error instanceof Refusal ? error.code : 'internal'
		span.set('liveslot.outcome', code)
		if (code === 'internal') span.fail(code)
		throw error
	} finally {
		span.end()
	}
}
