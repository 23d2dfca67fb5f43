import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { Log } from '../observability/log.ts'

/** `route` is one of our patterns, never an address, which may contain a name or a secret. Requests without a route have `other`. */
export type SeenRequest = { method: string; route: string; status: number; ms: number }

export type ObserveRequest = (seen: SeenRequest) => void

/** Gives each request an id, the caller's own if it is well-formed, and reports how the request ended. */
export function watchRequests(log: Log, observe?: ObserveRequest): RequestHandler {
	return (req, res, next) => {
		const requestId = requestIdOf(req)
		res.locals.requestId = requestId
		res.setHeader('X-Request-Id', requestId)
		const began = performance.now()
		res.on('finish', () => {
			const seen = { method: req.method, route: routeOf(req, res), status: res.statusCode, ms: performance.now() - began }
			observe?.(seen)
			if (log.isLevelEnabled('debug')) log.debug({ requestId, ...seen, ms: Math.round(seen.ms) }, 'request')
		})
		next()
	}
}

/** The pattern of an API call, as logs, metrics and traces name it. */
export const apiPath = (path: string): string => `/api/v1${path}`

export function routeOf(req: Request, res: Response): string {
	const path: unknown = res.locals.route ?? req.route?.path
	return typeof path === 'string' ? path : 'other'
}

function requestIdOf(req: Request): string {
	const given = req.headers['x-request-id']
	return typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID()
}
