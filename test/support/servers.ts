import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { createDatabase, type Db, migrate } from '../../server/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../server/platform/embedded/postgres.ts'
import { startEmbeddedRedis } from '../../server/platform/embedded/redis.ts'
import { prepareJobs } from '../../server/platform/jobs/jobs.ts'

/** Variables that pass the servers' addresses to mocha's test processes. */
const addresses = { postgres: 'TEST_POSTGRES_URL', redis: 'TEST_REDIS_URLS' }

/**
 * Doctors of different databases have the same ids, and Redis channels are not separated by index, so each test process has its own
 * Redis.
 */
export const testProcesses = 3

let stop: (() => Promise<void>) | undefined

const template = 'template_liveslot'
/** Includes the tables of jobs, which each node would otherwise create. */
export const nodeTemplate = 'template_node'

const onServer = async (text: string): Promise<void> => {
	const client = new pg.Client({ connectionString: running().postgresUrl })
	await client.connect()
	try {
		await client.query(text)
	} finally {
		await client.end()
	}
}

const withDatabase = (url: string, name: string) => {
	const address = new URL(url)
	address.pathname = `/${name}`
	return address.href
}

const running = (): { postgresUrl: string; redisUrl: string } => {
	const postgresUrl = process.env[addresses.postgres]
	const redisUrl = process.env[addresses.redis]?.split(',')[Number(process.env.MOCHA_WORKER_ID ?? 0) % testProcesses]
	if (!postgresUrl || !redisUrl) throw new Error('the test servers are not running: mocha starts them in test/support/setup.ts')
	return { postgresUrl, redisUrl }
}

/** Starts one real PostgreSQL for the whole run and one real Redis for each process, on free ports and in their own directories. */
export const startServers = async (): Promise<void> => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-test-'))
	const aRedis = (index: number) => startEmbeddedRedis(path.join(directory, `redis-${index}`), line => process.stdout.write(`${line}\n`))
	// The first Redis may have to be installed.
	const [postgres, first] = await Promise.all([startEmbeddedPostgres(directory), aRedis(0)])
	const others = await Promise.all(Array.from({ length: testProcesses - 1 }, (_, index) => aRedis(index + 1)))
	const redises = [first, ...others]
	stop = async () => {
		await Promise.all([postgres, ...redises].map(server => server.stop()))
		rmSync(directory, { recursive: true, force: true })
	}
	process.env[addresses.postgres] = postgres.url
	process.env[addresses.redis] = redises.map(({ url }) => url).join(',')
	// No test cuts the machine's power, and a killed process loses nothing without fsync.
	await onServer('ALTER SYSTEM SET fsync = off')
	await onServer('SELECT pg_reload_conf()')
	await onServer(`CREATE DATABASE ${template}`)
	const db = createDatabase({ url: withDatabase(postgres.url, template), poolSize: 1 })
	await migrate(db)
	await db.destroy()
	await onServer(`CREATE DATABASE ${nodeTemplate} TEMPLATE ${template} STRATEGY file_copy`)
	await prepareJobs(withDatabase(postgres.url, nodeTemplate))
}

export const stopServers = async (): Promise<void> => {
	await stop?.()
	stop = undefined
}

let nextRedisIndex = 0

/**
 * Fills a database once in the whole run and returns its name, for other databases to be copied from. Other processes that ask
 * meanwhile wait.
 */
export const filledTemplate = async (name: string, fill: (db: Db) => Promise<void>): Promise<string> => {
	const { postgresUrl } = running()
	const client = new pg.Client({ connectionString: postgresUrl })
	await client.connect()
	try {
		await client.query('SELECT pg_advisory_lock(hashtext($1))', [name])
		const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
		if (rowCount) return name
		// A database has its final name only once it is complete.
		await client.query(`DROP DATABASE IF EXISTS ${name}_unfinished`)
		await client.query(`CREATE DATABASE ${name}_unfinished TEMPLATE ${nodeTemplate} STRATEGY file_copy`)
		const db = createDatabase({ url: withDatabase(postgresUrl, `${name}_unfinished`), poolSize: 2 })
		await fill(db).finally(() => db.destroy())
		await client.query(`ALTER DATABASE ${name}_unfinished RENAME TO ${name}`)
		return name
	} finally {
		await client.end()
	}
}

/** Creates a copy of a template database, by default an empty one, and reserves an empty Redis index that no other test uses. */
export const freshStores = async (from = template): Promise<{ databaseUrl: string; redisUrl: string; drop: () => Promise<void> }> => {
	const { postgresUrl, redisUrl } = running()
	const name = `test_${randomBytes(6).toString('hex')}`
	await onServer(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY file_copy`)
	const { Redis } = await import('ioredis')
	const index = nextRedisIndex++ % 16
	const admin = new Redis(`${redisUrl}/${index}`)
	await admin.flushdb()
	admin.disconnect()
	return {
		databaseUrl: withDatabase(postgresUrl, name),
		redisUrl: `${redisUrl}/${index}`,
		drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
	}
}

/** A migrated database of its own for one `describe`; call it at the top of the block. */
export const useDatabase = (): { readonly db: Db; readonly url: string } => {
	let db: Db | undefined
	let url = ''
	let drop = async () => {}
	before(async () => {
		const stores = await freshStores()
		;({ databaseUrl: url, drop } = stores)
		db = createDatabase({ url, poolSize: 10 })
	})
	after(async () => {
		await db?.destroy()
		await drop()
	})
	return {
		get db() {
			return db as Db
		},
		get url() {
			return url
		},
	}
}
