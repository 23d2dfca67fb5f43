import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { endpoints } from '../../contract/index.ts'
import { refuseInUse } from '../../server/clinic/to-come.ts'
import { type Config, loadConfig } from '../../server/config.ts'
import { actorPolicy } from '../../server/identity/actor.ts'
import { type Authentication, createAuthentication } from '../../server/identity/authentication.ts'
import { createIdentity, type Identity } from '../../server/identity/identity.ts'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { createPipeline } from '../../server/platform/database/pipeline.ts'
import { createApp } from '../../server/platform/http/app.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis } from '../../server/platform/redis/redis.ts'
import { createLimiters } from '../../server/platform/security/rate-limit.ts'
import { testEnvironment } from '../support/environment.ts'
import { type Answer, type CallOptions, call } from '../support/http.ts'
import { freshStores } from '../support/servers.ts'

type FrontDesk = {
	url: string
	db: Db
	config: Config
	identity: Identity
	authentication: Authentication
	/** Accounts whose sockets were cut off, in order. */
	cutOffs: string[]
	/** Lets time pass for the codes of second factors, whose steps take thirty seconds. */
	pass: (seconds: number) => void
	nowMs: () => number
	/** Links and codes that were mailed, in order. */
	mails: { email: string; token: string }[]
	/** Makes the next mail fail. */
	breakMail: () => void
}

const open = async (overrides: Record<string, string>): Promise<FrontDesk & { stop: () => Promise<void> }> => {
	const stores = await freshStores()
	const config = loadConfig(testEnvironment(path.join(tmpdir(), 'liveslot-unused'), overrides))
	const log = createLog(config.logLevel)
	const db = createDatabase({ url: stores.databaseUrl, poolSize: 10 })
	const pipeline = createPipeline({ url: stores.databaseUrl, connections: 2, prepare: config.databasePrepare, log })
	const redis = createRedis({ url: stores.redisUrl, name: 'test' })
	await redis.ping()
	const cutOffs: string[] = []
	const mails: FrontDesk['mails'] = []
	let isMailBroken = false
	let aheadMs = 0
	const nowMs = () => Date.now() + aheadMs
	const keepMail = async ({ email }: { email: string }, token: string) => {
		if (isMailBroken) {
			isMailBroken = false
			throw new Error('the mail server is away')
		}
		mails.push({ email, token })
	}
	const authentication = createAuthentication({ config, run: pipeline.run })
	const identity = createIdentity({
		db,
		config,
		log,
		accessTokens: authentication.accessTokens,
		nowMs,
		limiter: createLimiters({ redis, enabled: config.rateLimit }),
		cutOff: userId => void cutOffs.push(userId),
		announcements: { writeDoctor: async () => {}, writePatient: async () => {}, tell: async () => {} },
		sendPasswordReset: keepMail,
		sendInvitation: keepMail,
		sendCode: keepMail,
		publicUrl: () => '',
		refuseDoctorInUse: (trx, doctorId) => refuseInUse(trx, { doctorId }),
	})
	const app = createApp({
		config,
		log,
		version: 'test',
		endpoints,
		routes: identity.routes,
		authenticate: authentication.authenticate,
		policy: actorPolicy,
		limit: async () => {},
		whatIsDown: async () => [],
		metrics: async () => ({ contentType: 'text/plain', body: '' }),
	})
	const http = createServer(app)
	await new Promise<void>(resolve => http.listen(0, resolve))
	return {
		url: `http://localhost:${(http.address() as AddressInfo).port}`,
		db,
		config,
		identity,
		authentication,
		cutOffs,
		pass: seconds => {
			aheadMs += seconds * 1000
		},
		nowMs,
		mails,
		breakMail: () => {
			isMailBroken = true
		},
		stop: async () => {
			http.closeAllConnections()
			await new Promise(resolve => http.close(resolve))
			await identity.stop()
			await Promise.all([pipeline.stop(), db.destroy()])
			redis.disconnect()
			await stores.drop()
		},
	}
}

/** Starts identity alone behind HTTP for one `describe`, and records its calls to the rest of the node. */
export const useFrontDesk = (overrides: Record<string, string> = {}): FrontDesk => {
	let desk: Awaited<ReturnType<typeof open>> | undefined
	before(async () => {
		desk = await open(overrides)
	})
	after(async () => {
		await desk?.stop()
	})
	return new Proxy({} as FrontDesk, { get: (_target, name) => Reflect.get(desk as FrontDesk, name) })
}

type Node = { url: string }

export const post = (node: Node, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> =>
	call(node, 'POST', path, { ...options, ...(body !== undefined && { body }) })

export const signInAs = (node: Node, { email, password }: { email: string; password: string }): Promise<Answer> =>
	post(node, '/auth/login', { email, password })

/** The `name=value` of the refresh cookie that an answer set; empty when the answer removed it. */
export const cookieOf = ({ cookies }: Answer): string => {
	const pair = cookies.find(cookie => cookie.startsWith('refresh_token='))?.split(';')[0]
	return pair === undefined || pair === 'refresh_token=' ? '' : pair
}

/** The status and code of a problem. */
export const refusalOf = ({ status, body }: Answer): string => `${status} ${body?.code}`

export const auditOf = async (db: Db, entityId: string): Promise<string[]> =>
	(await db('audit_log').where({ entity: 'user', entity_id: entityId }).orderBy('id')).map(({ action }) => action)
