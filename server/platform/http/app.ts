import { createHash, timingSafeEqual } from 'node:crypto'
import { createRequire } from 'node:module'
import path from 'node:path'
import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { Endpoint } from '../../../contract/index.ts'
import type { Config } from '../../config.ts'
import type { Caller, CallerPolicy } from '../caller.ts'
import type { Log } from '../observability/log.ts'
import { noTracer, type Tracer } from '../observability/tracer.ts'
import { Refusal } from '../refusal.ts'
import { docsPage } from './docs.ts'
import { type ObserveRequest, watchRequests } from './observe.ts'
import { openApiDocument } from './openapi.ts'
import { problemHandler, sendProblem } from './problem.ts'
import { type Authenticate, apiRouter, type Limit, type NoteAccess, type Route } from './routes.ts'

export type AppDeps<C extends Caller = Caller> = {
	config: Config
	log: Log
	version: string
	endpoints: Record<string, Endpoint>
	routes: readonly Route<C>[]
	authenticate: Authenticate<C>
	policy: CallerPolicy<C>
	limit: Limit
	noteAccess?: NoteAccess
	/** Names what is down; empty when requests are served. */
	whatIsDown: () => Promise<string[]>
	metrics: () => Promise<{ contentType: string; body: string }>
	/** Told how each request ended. */
	observe?: ObserveRequest
	tracer?: Tracer
	/** Handlers outside the API: the web client, local pages. */
	pages?: readonly RequestHandler[]
}

const maxBody = '100kb'

/** Answers carry personal details, and desks are shared: no browser or proxy keeps a copy. */
const neverStored: RequestHandler = (_req, res, next) => {
	res.setHeader('Cache-Control', 'no-store')
	next()
}

const corsFor =
	(origins: readonly string[]): RequestHandler =>
	(req, res, next) => {
		const { origin } = req.headers
		if (!origin || !origins.includes(origin)) return next()
		res.vary('Origin')
		res.setHeader('Access-Control-Allow-Origin', origin)
		res.setHeader('Access-Control-Allow-Credentials', 'true')
		res.setHeader('Access-Control-Expose-Headers', 'Retry-After,X-Request-Id')
		if (req.method !== 'OPTIONS') return next()
		res.setHeader('Access-Control-Allow-Methods', 'GET,POST,PUT,PATCH,DELETE')
		res.setHeader('Access-Control-Allow-Headers', 'Authorization,Content-Type,Idempotency-Key')
		res.setHeader('Access-Control-Max-Age', '600')
		res.status(204).end()
	}

/** `'self'` means our WebSockets too; browsers that do not know that yet are told by name. */
const socketSourcesOf = (publicUrl: string | undefined): string[] => (publicUrl ? [new URL(publicUrl).origin.replace(/^http/, 'ws')] : [])

const digest = (text: string) => createHash('sha256').update(text).digest()

/** In the same time whatever the difference, so that a secret cannot be guessed piece by piece. */
const isSame = (given: string | undefined, secret: string): boolean => timingSafeEqual(digest(given ?? ''), digest(secret))

const swaggerFiles = () => path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))

/** The HTTP side of a node: the API, its description, probes and pages. */
export const createApp = <C extends Caller>(deps: AppDeps<C>): Express => {
	const { config, log } = deps
	const app = express()
	app.disable('x-powered-by')
	app.set('etag', false)
	app.set('query parser', 'simple')
	app.set('trust proxy', config.trustedProxies)

	app.use(watchRequests(log, deps.observe))
	app.use(
		helmet({
			contentSecurityPolicy: {
				directives: {
					defaultSrc: ["'self'"],
					scriptSrc: ["'self'"],
					styleSrc: ["'self'", "'unsafe-inline'"],
					imgSrc: ["'self'", 'data:'],
					connectSrc: ["'self'", ...socketSourcesOf(config.publicUrl)],
					objectSrc: ["'none'"],
					baseUri: ["'self'"],
					formAction: ["'self'"],
					frameAncestors: ["'none'"],
					upgradeInsecureRequests: config.production ? [] : null,
				},
			},
			strictTransportSecurity: config.production,
		}),
	)

	app.get('/livez', (_req, res) => void res.type('text/plain').send('ok'))
	app.get('/readyz', async (_req, res) => {
		const down = await deps.whatIsDown()
		res.status(down.length ? 503 : 200).json({ ready: down.length === 0, down })
	})
	app.get('/metrics', async (req, res) => {
		if (config.metricsToken && !isSame(req.headers.authorization, `Bearer ${config.metricsToken}`)) throw new Refusal('unauthenticated')
		const { contentType, body } = await deps.metrics()
		res.setHeader('Content-Type', contentType)
		res.send(body)
	})

	let description: string | undefined
	app.get('/api/v1/openapi.json', (_req, res) => {
		description ??= JSON.stringify(openApiDocument(deps.endpoints, deps.version))
		res.type('application/json').send(description)
	})
	app.use('/docs/assets', express.static(swaggerFiles(), { index: false, maxAge: '1d' }))
	app.get('/docs/start.js', (_req, res) => void res.type('text/javascript').send(docsPage.script))
	app.get('/docs', (_req, res) => void res.type('text/html').send(docsPage.html))

	app.use(
		'/api/v1',
		neverStored,
		corsFor(config.corsOrigins),
		express.json({ limit: maxBody, strict: true }),
		apiRouter(deps.routes, {
			authenticate: deps.authenticate,
			policy: deps.policy,
			limit: deps.limit,
			noteAccess: deps.noteAccess ?? (() => {}),
			tracer: deps.tracer ?? noTracer,
		}),
		(_req: express.Request, res: express.Response) => sendProblem(res, new Refusal('not_found'), res.locals.requestId),
	)
	for (const page of deps.pages ?? []) app.use(page)
	app.use((_req, res) => sendProblem(res, new Refusal('not_found'), res.locals.requestId))
	app.use(problemHandler(log))
	return app
}
