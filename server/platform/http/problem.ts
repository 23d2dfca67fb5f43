import type { ErrorRequestHandler, Response } from 'express'
import { type Problem, refusals } from '../../../contract/index.ts'
import { toRefusal } from '../failure.ts'
import type { Log } from '../observability/log.ts'
import { Refusal } from '../refusal.ts'
import { routeOf } from './observe.ts'

/** Answers every error in the form of RFC 9457. */
export function problemHandler(log: Log): ErrorRequestHandler {
	return (error, req, res, _next) => {
		const requestId = String(res.locals.requestId ?? '')
		const about = { requestId, actorId: res.locals.actorId, method: req.method, route: routeOf(req, res) }
		const refusal = toRefusal(fromExpress(error), log, about)
		if (res.headersSent) res.destroy()
		else sendProblem(res, refusal, requestId)
	}
}

export function sendProblem(res: Response, { code, message, details }: Refusal, requestId: string) {
	const { status, title } = refusals[code]
	const problem: Problem = {
		type: `urn:liveslot:problem:${code}`,
		title,
		status,
		detail: message,
		code,
		...(details.errors && { errors: details.errors }),
		...details.extra,
		...(status >= 500 && { requestId }),
	}
	const retryAfterSeconds = details.retryAfterSeconds ?? (status === 503 || status === 429 ? 1 : undefined)
	if (retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfterSeconds))))
	if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer')
	res.status(status).type('application/problem+json').send(JSON.stringify(problem))
}

/** Body-parser and Express report a client's mistakes as errors with a `type` or a 4xx `status`. */
function fromExpress(error: unknown): unknown {
	const { type, status } = (error ?? {}) as { type?: string; status?: number }
	if (type === 'entity.too.large') return new Refusal('payload_too_large')
	if (type?.startsWith('entity.') || type?.startsWith('encoding.') || type?.startsWith('charset.') || type?.startsWith('request.'))
		return new Refusal('invalid_input', { message: 'The body is not valid JSON' })
	if (error instanceof URIError || (status !== undefined && status >= 400 && status < 500))
		return new Refusal('invalid_input', { message: 'The request is malformed' })
	return error
}
