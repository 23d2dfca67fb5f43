import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createDatabase, migrate } from '../../server/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../server/platform/embedded/postgres.ts'
import { startEmbeddedRedis } from '../../server/platform/embedded/redis.ts'

/** Addresses of a database and a Redis of a benchmark's own. */
export type FreshStores = { databaseUrl: string; redisUrl: string; drop(): Promise<void> }

export type Stores = { fresh(): Promise<FreshStores>; stop(): Promise<void> }

const template = 'template_liveslot'

export const query = async (url: string, text: string, values: unknown[] = []): Promise<pg.QueryResult> => {
	const client = new pg.Client({ connectionString: url })
	await client.connect()
	try {
		return await client.query(text, values)
	} finally {
		await client.end()
	}
}

const withDatabase = (url: string, name: string): string => {
	const address = new URL(url)
	address.pathname = `/${name}`
	return address.href
}

/** Starts the embedded PostgreSQL and Redis with the settings of production: fsync and the append-only file. */
export const startStores = async (): Promise<Stores> => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-bench-'))
	const [postgres, redis] = await Promise.all([startEmbeddedPostgres(directory), startEmbeddedRedis(directory, console.log)])
	await query(postgres.url, `CREATE DATABASE ${template}`)
	const db = createDatabase({ url: withDatabase(postgres.url, template), poolSize: 1 })
	await migrate(db)
	await db.destroy()
	let count = 0

	return {
		async fresh() {
			const name = `bench_${randomBytes(6).toString('hex')}`
			const index = count++ % 16
			await query(postgres.url, `CREATE DATABASE ${name} TEMPLATE ${template}`)
			const databaseUrl = withDatabase(postgres.url, name)
			// Databases of Redis share their channels, so ids are unique across the databases that are used at the same time.
			await query(databaseUrl, `SELECT setval('users_id_seq', $1)`, [count * 1_000_000])
			const redisUrl = `${redis.url}/${index}`
			const admin = new Redis(redisUrl)
			await admin.flushdb()
			admin.disconnect()
			return { databaseUrl, redisUrl, drop: async () => void (await query(postgres.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)) }
		},
		async stop() {
			await Promise.all([postgres.stop(), redis.stop()])
			rmSync(directory, { recursive: true, force: true })
		},
	}
}
