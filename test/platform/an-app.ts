import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { type Endpoint, endpoint, Id, IdParams, PageQuery, Problem, Text } from '../../contract/index.ts'
import { loadConfig } from '../../server/config.ts'
import { type AppDeps, createApp } from '../../server/platform/http/app.ts'
import { publicRoute } from '../../server/platform/http/routes.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import type { Answer } from '../support/http.ts'
import { openToAll } from './open-to-all.ts'

const echo = endpoint({
	method: 'post',
	path: '/echo',
	tag: 'Test',
	summary: 'Says it back.',
	access: 'anyone',
	body: z.object({ text: Text(50), note: Text(10).optional() }),
	response: z.object({ text: z.string() }),
})
const thing = endpoint({
	method: 'get',
	path: '/things/:id',
	tag: 'Test',
	summary: 'One thing.',
	access: 'anyone',
	params: IdParams,
	query: PageQuery.extend({ q: z.string().max(20).optional() }),
	response: z.object({ id: Id, q: z.string().optional(), limit: z.number() }),
})
const broken = endpoint({ method: 'get', path: '/broken', tag: 'Test', summary: 'Fails.', access: 'anyone', response: z.object({}) })

export type RunningApp = { url: string; failWith: (error: Error) => void; stop: () => Promise<void> }

/** The HTTP side alone, with its own endpoints and no domain behind it. */
export const anApp = async (settings: Record<string, string> = {}, deps: Partial<AppDeps> = {}): Promise<RunningApp> => {
	let failure = new Error('broken')
	const endpoints: Record<string, Endpoint> = { echo, thing, broken }
	const app = createApp({
		config: loadConfig({
			DATA_DIR: path.join(tmpdir(), 'liveslot-unused'),
			JWT_SECRET: 'a secret that is only used in tests, of sufficient length',
			...settings,
		}),
		log: createLog('silent'),
		version: 'test',
		endpoints,
		routes: [
			publicRoute(echo, async ({ body: { text } }) => ({ text })),
			publicRoute(thing, async ({ params: { id }, query: { q, limit } }) => ({ id, q, limit })),
			publicRoute(broken, async () => {
				throw failure
			}),
		],
		authenticate: async () => null,
		policy: openToAll,
		limit: async () => {},
		whatIsDown: async () => [],
		metrics: async () => ({ contentType: 'text/plain', body: 'figures' }),
		...deps,
	})
	const server: Server = createServer(app)
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		failWith: error => {
			failure = error
		},
		stop: async () => {
			server.closeAllConnections()
			await new Promise(resolve => server.close(resolve))
		},
	}
}

/** Checks a refusal in the form of RFC 9457 that reveals nothing of our code or a library. */
export const expectProblem = ({ status, body, headers }: Answer, code: string, expectedStatus: number) => {
	expect(status).to.equal(expectedStatus)
	expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
	expect(Problem.parse(body)).to.deep.include({ code, status })
	expect(JSON.stringify(body)).not.to.match(/node_modules|SyntaxError|Unexpected token|at position|\bat \w+ \(|SELECT/)
}
