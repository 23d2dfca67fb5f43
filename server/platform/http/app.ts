import { createHash, timingSafeEqual } from 'node:crypto'
import { createRequire } from 'node:module'
import path from 'node:path'
import cors from 'cors'
import express, { type Express, type RequestHandler, type Response, Router } from 'express'
import helmet from 'helmet'
import type { Endpoint } from '../../../contract/index.ts'
import type { Config } from '../../config.ts'
import type { Caller, CallerPolicy } from '../caller.ts'
import type { Log } from '../observability/log.ts'
import { noTracer, type Tracer } from '../observability/tracer.ts'
import { Refusal } from '../refusal.ts'
import type { MeasureAnswer } from '../security/long-answers.ts'
import { type ObserveRequest, watchRequests } from './observe.ts'
import { docsPage, openApiDocument } from './openapi.ts'
import { problemHandler, sendProblem } from './problem.ts'
import { type Authenticate, apiRouter, type Limit, type NoteAccess, type Route } from './routes.ts'

/** The HTTP side of a node: the API, its description, probes and pages. */
export function createApp<C extends Caller>(deps: AppDeps<C>): Express {
	const { config, log } = deps
	const app = express()
	app.disable('x-powered-by')
	app.set('etag', false)
	app.set('query parser', 'simple')
	app.set('trust proxy', config.trustedProxies)

	app.use(watchRequests(log, deps.observe))
	app.use(securityHeaders(config))
	app.use(probes(deps))
	app.use(description(deps))
	app.use(
		'/api/v1',
		neverStored,
		crossOrigin(config.corsOrigins),
		apiRouter(deps.routes, {
			authenticate: deps.authenticate,
			policy: deps.policy,
			limit: deps.limit,
			longAnswer: deps.longAnswer,
			noteAccess: deps.noteAccess ?? (() => {}),
			tracer: deps.tracer ?? noTracer,
		}),
		notFound,
	)
	for (const page of deps.pages ?? []) app.use(page)
	app.use(notFound)
	app.use(problemHandler(log))
	return app
}

export type AppDeps<C extends Caller = Caller> = {
	config: Config
	log: Log
	version: string
	endpoints: Record<string, Endpoint>
	routes: readonly Route<C>[]
	authenticate: Authenticate<C>
	policy: CallerPolicy<C>
	limit: Limit
	longAnswer?: MeasureAnswer | undefined
	noteAccess?: NoteAccess
	/** Returns the names of the dependencies that are down; none when requests are served. */
	whatIsDown: () => Promise<string[]>
	metrics: () => Promise<{ contentType: string; body: string }>
	/** Called when each request has ended. */
	observe?: ObserveRequest
	tracer?: Tracer
	/** Handlers outside the API: the web client and local pages. */
	pages?: readonly RequestHandler[]
}

function securityHeaders({ production, publicUrl }: Config): RequestHandler {
	return helmet({
		contentSecurityPolicy: {
			directives: {
				defaultSrc: ["'self'"],
				scriptSrc: ["'self'"],
				styleSrc: ["'self'", "'unsafe-inline'"],
				imgSrc: ["'self'", 'data:'],
				// `'self'` includes our WebSockets, but some browsers do not know that yet and need the address.
				connectSrc: ["'self'", ...(publicUrl ? [new URL(publicUrl).origin.replace(/^http/, 'ws')] : [])],
				objectSrc: ["'none'"],
				baseUri: ["'self'"],
				formAction: ["'self'"],
				frameAncestors: ["'none'"],
				upgradeInsecureRequests: production ? [] : null,
			},
		},
		strictTransportSecurity: production,
	})
}

/** For balancers and Prometheus. */
function probes({ config, whatIsDown, metrics }: Pick<AppDeps, 'config' | 'whatIsDown' | 'metrics'>): Router {
	const router = Router()
	router.get('/livez', (_req, res) => void res.type('text/plain').send('ok'))
	router.get('/readyz', async (_req, res) => {
		const down = await whatIsDown()
		res.status(down.length ? 503 : 200).json({ ready: down.length === 0, down })
	})
	router.get('/metrics', async (req, res) => {
		checkScraper(config, req.headers.authorization)
		const { contentType, body } = await metrics()
		res.setHeader('Content-Type', contentType)
		res.send(body)
	})
	return router
}

/** In production only holders of `METRICS_TOKEN` may read metrics. @throws Refusal unauthenticated, forbidden */
function checkScraper({ production, metricsToken }: Config, authorization: string | undefined): void {
	if (metricsToken === undefined) {
		if (production) throw new Refusal('forbidden', { message: 'METRICS_TOKEN is not set' })
	} else if (!isSame(authorization, `Bearer ${metricsToken}`)) throw new Refusal('unauthenticated')
}

/** Compares in constant time, so that a secret cannot be guessed piece by piece. */
function isSame(given: string | undefined, secret: string): boolean {
	const digest = (text: string) => createHash('sha256').update(text).digest()
	return timingSafeEqual(digest(given ?? ''), digest(secret))
}

/** Serves OpenAPI and Swagger UI. */
function description({ endpoints, version }: Pick<AppDeps, 'endpoints' | 'version'>): Router {
	const router = Router()
	let json: string | undefined
	router.get('/api/v1/openapi.json', (_req, res) => {
		json ??= JSON.stringify(openApiDocument(endpoints, version))
		res.type('application/json').send(json)
	})
	const swaggerFiles = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
	router.use('/docs/assets', express.static(swaggerFiles, { index: false, maxAge: '1d' }))
	router.get('/docs/start.js', (_req, res) => void res.type('text/javascript').send(docsPage.script))
	router.get('/docs', (_req, res) => void res.type('text/html').send(docsPage.html))
	return router
}

/** Answers contain personal details and desks share computers, so no browser or proxy may keep a copy. */
const neverStored: RequestHandler = (_req, res, next) => {
	res.setHeader('Cache-Control', 'no-store')
	next()
}

function crossOrigin(origins: readonly string[]): RequestHandler {
	if (origins.length === 0) return (_req, _res, next) => next()
	return cors({
		origin: [...origins],
		credentials: true,
		methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
		allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key'],
		exposedHeaders: ['Retry-After', 'X-Request-Id'],
		maxAge: 600,
	})
}

function notFound(_req: unknown, res: Response): void {
	sendProblem(res, new Refusal('not_found'), res.locals.requestId)
}
