import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { createDatabase, type Db, migrate } from '../../server/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../server/platform/embedded/postgres.ts'
import { startEmbeddedRedis } from '../../server/platform/embedded/redis.ts'
import { prepareJobs } from '../../server/platform/jobs/jobs.ts'

/** Where the servers are, told to the processes that mocha runs tests in. */
const addresses = { postgres: 'TEST_POSTGRES_URL', redis: 'TEST_REDIS_URLS' }

/** Doctors of two databases have the same ids, and Redis channels know no index: what runs at once has a Redis each. */
export const testProcesses = 3

let stop: (() => Promise<void>) | undefined

const template = 'template_liveslot'
/** With the tables of jobs, too, which each node would make otherwise. */
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

/** One real PostgreSQL for the whole run and one real Redis for each process, on free ports and in directories of their own. */
export const startServers = async (): Promise<void> => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-test-'))
	const aRedis = (index: number) => startEmbeddedRedis(path.join(directory, `redis-${index}`), line => process.stdout.write(`${line}\n`))
	// The first one may have to be installed.
	const [postgres, first] = await Promise.all([startEmbeddedPostgres(directory), aRedis(0)])
	const others = await Promise.all(Array.from({ length: testProcesses - 1 }, (_, index) => aRedis(index + 1)))
	const redises = [first, ...others]
	stop = async () => {
		await Promise.all([postgres, ...redises].map(server => server.stop()))
		rmSync(directory, { recursive: true, force: true })
	}
	process.env[addresses.postgres] = postgres.url
	process.env[addresses.redis] = redises.map(({ url }) => url).join(',')
	// The machine does not lose its power during a test, and a process that is killed loses nothing by this.
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
 * The name of a database that is filled once in the whole run, for others to be copied from. Processes that ask meanwhile
 * wait.
 */
export const filledTemplate = async (name: string, fill: (db: Db) => Promise<void>): Promise<string> => {
	const { postgresUrl } = running()
	const client = new pg.Client({ connectionString: postgresUrl })
	await client.connect()
	try {
		await client.query('SELECT pg_advisory_lock(hashtext($1))', [name])
		const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
		if (rowCount) return name
		// Under its name it is there only when it is complete.
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

/** Addresses of a database that is a copy of a template, by default an empty one, and an empty Redis index that no other test uses. */
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
