import { request } from 'node:http'
import { expect } from 'chai'
import { Router } from 'express'
import { pino } from 'pino'
import { Refusal } from '../../server/platform/refusal.ts'
import { call } from '../support/http.ts'
import { anApp, expectProblem, type RunningApp } from './an-app.ts'

/** Sends a path unchanged, because `fetch` would normalize it. */
const rawGet = ({ url }: RunningApp, path: string) =>
	new Promise<{ status: number; body: string }>((resolve, reject) => {
		const { hostname, port } = new URL(url)
		const sent = request({ hostname, port, path }, response => {
			let body = ''
			response.setEncoding('utf8').on('data', chunk => {
				body += chunk
			})
			response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
		})
		sent.on('error', reject).end()
	})

describe('the HTTP side', () => {
	let app: RunningApp
	before(async () => {
		app = await anApp({ CORS_ORIGIN: 'https://app.example' })
	})
	after(() => app.stop())

	describe('given a hostile address', () => {
		it('answers invalid_input to broken percent signs', async () => {
			for (const path of ['/things/%E0%A4%A', '/things/%', '/things/%zz']) {
				const { status, body } = await rawGet(app, `/api/v1${path}`)
				expect(status, path).to.equal(400)
				expect(JSON.parse(body).code, path).to.equal('invalid_input')
			}
		})

		it('answers invalid_input to a parameter that is out of range or given twice', async () => {
			for (const query of [
				'limit=0',
				'limit=201',
				'limit=1e9',
				'limit=ten',
				'q=a&q=b',
				`q=${'x'.repeat(21)}`,
				`cursor=${'x'.repeat(257)}`,
			]) {
				expectProblem(await call(app, 'GET', `/things/1?${query}`), 'invalid_input', 400)
			}
			expectProblem(await call(app, 'GET', `/things/${'9'.repeat(65)}`), 'invalid_input', 400)
		})

		it('treats nested and prototype parameters as unknown', async () => {
			const { status, body } = await call(app, 'GET', '/things/1?__proto__[limit]=7&constructor=1&q[a]=b')
			expect({ status, body }).to.deep.equal({ status: 200, body: { id: '1', limit: 50 } })
		})

		it('answers not_found to addresses that it does not serve', async () => {
			for (const path of ['/nothing', '/things', '/things/1/2', '/', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '//things']) {
				const { status, body } = await rawGet(app, `/api/v1${path}`)
				expect(status, path).to.equal(404)
				expect(JSON.parse(body).code, path).to.equal('not_found')
			}
			expectProblem(await call(app, 'DELETE', '/echo'), 'not_found', 404)
			expect((await rawGet(app, '/docs/assets/..%2f..%2fpackage.json')).status).to.be.oneOf([403, 404])
			expect((await rawGet(app, '/docs/assets/../../package.json')).status).to.be.oneOf([403, 404])
		})
	})

	describe('after a failure behind it', () => {
		it('answers invalid_input to text that the database cannot hold', async () => {
			app.failWith(Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' }))
			const answer = await call(app, 'GET', '/broken')
			expectProblem(answer, 'invalid_input', 400)
			expect(JSON.stringify(answer.body)).not.to.include('byte sequence')
		})

		it('answers internal with the request id, and without any detail', async () => {
			app.failWith(new Error('SELECT secret FROM vault: relation "vault" does not exist'))
			const answer = await call(app, 'GET', '/broken', { headers: { 'x-request-id': 'request-0001' } })
			expectProblem(answer, 'internal', 500)
			expect(answer.body.requestId).to.equal('request-0001')
			expect(JSON.stringify(answer.body)).not.to.include('vault')
		})

		it('answers booking_pending with Retry-After while the database is away', async () => {
			app.failWith(Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' }))
			const answer = await call(app, 'GET', '/broken')
			expectProblem(answer, 'booking_pending', 503)
			expect(Number(answer.headers.get('retry-after'))).to.be.at.least(1)
			expect(JSON.stringify(answer.body)).not.to.include('10.0.0.7')
		})

		it('tells a limited caller when to retry, in whole seconds', async () => {
			app.failWith(new Refusal('rate_limited', { retryAfterSeconds: 0.2 }))
			const answer = await call(app, 'GET', '/broken')
			expectProblem(answer, 'rate_limited', 429)
			expect(answer.headers.get('retry-after')).to.equal('1')
		})
	})

	describe('the log of the HTTP side', () => {
		const lines: Record<string, unknown>[] = []
		const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
		beforeEach(() => void lines.splice(0))

		it('logs the account and the forbidden call', async () => {
			const strict = await anApp({}, { log })
			strict.failWith(new Refusal('forbidden'))
			await call(strict, 'GET', '/broken?q=a-name', { headers: { 'x-request-id': 'request-0002' } })
			await strict.stop()
			expect(lines).to.have.length(1)
			expect(lines[0]).to.deep.include({ msg: 'not allowed', requestId: 'request-0002', method: 'GET', route: '/api/v1/broken' })
		})

		it('names a failed call by its pattern, without the secret of a link', async () => {
			const page = Router().get('/n/:token', () => {
				throw new Error('as planned')
			})
			const failing = await anApp({}, { log, pages: [page] })
			await fetch(`${failing.url}/n/secret-of-a-link`)
			await failing.stop()
			expect(lines[0]).to.deep.include({ msg: 'internal error', route: '/n/:token' })
			expect(JSON.stringify(lines)).not.to.include('secret-of-a-link')
		})
	})

	describe('headers', () => {
		it('forbid framing, sniffing and foreign scripts', async () => {
			const { headers } = await call(app, 'GET', '/things/1')
			expect(headers.get('content-security-policy')).to.match(/default-src 'self'.*frame-ancestors 'none'/)
			expect(headers.get('content-security-policy')).not.to.match(/script-src[^;]*unsafe/)
			expect(headers.get('x-content-type-options')).to.equal('nosniff')
			expect(headers.get('referrer-policy')).to.equal('no-referrer')
			expect(headers.get('cross-origin-opener-policy')).to.equal('same-origin')
			expect(headers.has('x-powered-by')).to.equal(false)
		})

		it('let pages connect only to their own server', async () => {
			const connectsTo = async ({ url }: { url: string }) =>
				/connect-src ([^;]*)/.exec((await call({ url }, 'GET', '/things/1')).headers.get('content-security-policy') ?? '')?.[1]
			expect(await connectsTo(app)).to.equal("'self'")
			const known = await anApp({ PUBLIC_URL: 'https://clinic.example' })
			const sources = await connectsTo(known)
			await known.stop()
			expect(sources).to.equal("'self' wss://clinic.example")
		})

		it('forbid browsers to store answers of the API', async () => {
			expect((await call(app, 'GET', '/things/1')).headers.get('cache-control')).to.equal('no-store')
		})

		it('demand HTTPS in production only', async () => {
			expect((await call(app, 'GET', '/things/1')).headers.has('strict-transport-security')).to.equal(false)
			const production = await anApp({ NODE_ENV: 'production' })
			const { headers } = await call(production, 'GET', '/things/1')
			await production.stop()
			expect(headers.get('strict-transport-security')).to.equal('max-age=31536000; includeSubDomains')
		})

		it('contain the caller’s request id when it is well-formed, and a new one otherwise', async () => {
			const idFor = async (given?: string) =>
				(await call(app, 'GET', '/nothing', { headers: given ? { 'x-request-id': given } : {} })).headers.get('x-request-id')
			expect(await idFor('trace_42-abc')).to.equal('trace_42-abc')
			for (const given of [undefined, 'short', 'x'.repeat(65), 'with space and more', '"><script>']) {
				expect(await idFor(given)).to.match(/^[0-9a-f-]{36}$/)
			}
			expect(await idFor()).not.to.equal(await idFor())
		})
	})

	describe('across origins', () => {
		const preflight = (origin: string) =>
			fetch(`${app.url}/api/v1/echo`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })

		it('allows the configured origin, with credentials and Retry-After', async () => {
			const { status, headers } = await preflight('https://app.example')
			expect(status).to.equal(204)
			expect(headers.get('access-control-allow-methods')).to.include('PATCH')
			expect(headers.get('access-control-allow-headers')).to.include('Idempotency-Key')
			const answer = await call(app, 'GET', '/nothing', { headers: { origin: 'https://app.example' } })
			expect(answer.headers.get('access-control-allow-origin')).to.equal('https://app.example')
			expect(answer.headers.get('access-control-allow-credentials')).to.equal('true')
			expect(answer.headers.get('access-control-expose-headers')).to.include('Retry-After')
			expect(answer.headers.get('vary')).to.include('Origin')
		})

		it('refuses every other origin', async () => {
			for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null']) {
				expect((await preflight(origin)).headers.has('access-control-allow-origin')).to.equal(false)
				const { headers } = await call(app, 'GET', '/things/1', { headers: { origin } })
				expect(headers.has('access-control-allow-origin')).to.equal(false)
			}
		})
	})

	describe('probes', () => {
		it('answer that the node lives, and that it is ready or what is down', async () => {
			expect(await (await fetch(`${app.url}/livez`)).text()).to.equal('ok')
			expect((await fetch(`${app.url}/readyz`)).status).to.equal(200)
			const crippled = await anApp({}, { whatIsDown: async () => ['redis'] })
			const response = await fetch(`${crippled.url}/readyz`)
			const body = await response.json()
			const alive = await fetch(`${crippled.url}/livez`)
			await crippled.stop()
			expect({ status: response.status, body }).to.deep.equal({ status: 503, body: { ready: false, down: ['redis'] } })
			expect(alive.status).to.equal(200)
		})

		describe('metrics', () => {
			const statusFor = async (settings: Record<string, string>, authorization?: string) => {
				const guarded = await anApp(settings)
				const { status } = await fetch(`${guarded.url}/metrics`, { headers: authorization ? { authorization } : {} })
				await guarded.stop()
				return status
			}
			const METRICS_TOKEN = 'only for the scraper'

			it('are public outside production', async () => {
				expect(await (await fetch(`${app.url}/metrics`)).text()).to.equal('figures')
			})

			it('require the token where one is set', async () => {
				expect(await statusFor({ METRICS_TOKEN })).to.equal(401)
				expect(await statusFor({ METRICS_TOKEN }, 'Bearer wrong')).to.equal(401)
				expect(await statusFor({ METRICS_TOKEN }, `Bearer ${METRICS_TOKEN}`)).to.equal(200)
			})

			it('are hidden in production without a token', async () => {
				expect(await statusFor({ NODE_ENV: 'production' })).to.equal(403)
				expect(await statusFor({ NODE_ENV: 'production' }, 'Bearer ')).to.equal(403)
				expect(await statusFor({ NODE_ENV: 'production', METRICS_TOKEN }, `Bearer ${METRICS_TOKEN}`)).to.equal(200)
			})
		})
	})
})
