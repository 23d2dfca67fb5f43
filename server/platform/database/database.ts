import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import knex, { type Knex } from 'knex'
import pg from 'pg'

/** A handle outside any transaction. */
export type Db = Knex
/** A handle inside one. A function that asks for it must not run without a transaction. */
export type Tx = Knex.Transaction
/** A function that does not care. */
export type DbOrTx = Db | Tx

// bigint columns are ids and counts here: ids travel as opaque strings, counts are cast to int in SQL.
const parsers: Record<number, (text: string) => unknown> = {
	[pg.types.builtins.DATE]: text => text,
}

const types = {
	getTypeParser: (oid: number, format?: 'text' | 'binary') =>
		(format !== 'binary' && parsers[oid]) || pg.types.getTypeParser(oid, format as 'text'),
}

export type DatabaseSettings = {
	url: string
	poolSize: number
	applicationName?: string
	/** How long to wait for an answer; 0 is for ever, for commands that people wait for. */
	queryTimeoutMs?: number
}

/**
 * Opens a pool. Nothing in it depends on session state, so that a pooler in transaction mode may stand in front.
 *
 * Statements give up after 10 s, waiting for a connection after 8 s: a caller hears within 15 s either way.
 */
export const createDatabase = ({ url, poolSize, applicationName = 'liveslot', queryTimeoutMs = 12_000 }: DatabaseSettings): Db =>
	knex({
		client: 'pg',
		connection: {
			connectionString: url,
			application_name: applicationName,
			connectionTimeoutMillis: 5000,
			query_timeout: queryTimeoutMs,
			keepAlive: true,
			types,
		} as Knex.PgConnectionConfig,
		// An error then shows its statement with `?` in the place of what people are called.
		compileSqlOnError: false,
		pool: { min: 0, max: poolSize, acquireTimeoutMillis: 8000, idleTimeoutMillis: 60_000 },
		// Whoever asked for a connection is told by the error, in the form that they choose.
		log: { warn: () => {} },
		// A node that starts again while the next version is rolled out meets a schema that is newer than itself, and serves on.
		migrations: { migrationSource: migrationSource(), tableName: 'migrations', disableMigrationsListValidation: true },
	})

const migrationsDir = fileURLToPath(new URL('../../../db/migrations', import.meta.url))

/** Names without their ending, so that the same database serves the sources and the build. */
export const migrationSource = (directory = migrationsDir): Knex.MigrationSource<string> => ({
	getMigrations: async () =>
		readdirSync(directory)
			.filter(file => /^\d{12}_\w+\.[jt]s$/.test(file))
			.sort(),
	getMigrationName: file => file.replace(/\.[jt]s$/, ''),
	getMigration: file => import(new URL(file, `file://${directory}/`).href),
})

/** Runs the work while no other node does the same: those that start at once take turns. */
export const inTurn = <T>(db: Db, name: string, work: (trx: Tx) => Promise<T>): Promise<T> =>
	db.transaction(async trx => {
		await trx.raw('SELECT pg_advisory_xact_lock(hashtext(?))', [name])
		return await work(trx)
	})

const isUpToDate = async (trx: Tx): Promise<boolean> => {
	if (!(await trx.schema.hasTable('migrations'))) return false
	const [, pending] = (await trx.migrate.list()) as [unknown[], unknown[]]
	return pending.length === 0
}

/** Brings the schema up to date. Where it is, nothing is written: a role that may not change the schema can start a server. */
export const migrate = (db: Db): Promise<string[]> =>
	inTurn(db, 'liveslot migrations', async trx => {
		if (await isUpToDate(trx)) return []
		const [, names] = (await trx.migrate.latest()) as [number, string[]]
		return names
	})

export type TransactionOptions = { retries?: number }

const isSerialisationFailure = (error: unknown) =>
	error instanceof Error && ['40001', '40P01'].includes((error as Error & { code?: string }).code ?? '')

/**
 * Runs the body in a transaction, and again when PostgreSQL asks for it (deadlock, serialisation failure):
 * the body must hold nothing but SQL.
 */
export const inTransaction = async <T>(db: Db, body: (trx: Tx) => Promise<T>, { retries = 3 }: TransactionOptions = {}): Promise<T> => {
	for (let attempt = 0; ; attempt++) {
		try {
			return await db.transaction(body)
		} catch (error) {
			if (attempt >= retries || !isSerialisationFailure(error)) throw error
		}
	}
}

/** Reads a statement that lives in a file of its own, beside the module that runs it. */
export const readSql = (file: string, base: string): string => readFileSync(new URL(file, base), 'utf8')

/** True when the error says that PostgreSQL could not be reached or is going away, rather than that it said no. */
export const isDatabaseUnavailable = (error: unknown): boolean => {
	if (!(error instanceof Error)) return false
	const code = (error as Error & { code?: string }).code ?? ''
	if (/^(08|53|57P)/.test(code) || ['57014', '25006', '58030', '55P03'].includes(code)) return true
	if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND'].includes(code)) return true
	return (
		error.name === 'KnexTimeoutError' ||
		/Connection terminated|Query read timeout|timeout (expired|exceeded)|not queryable|Unable to acquire a connection/i.test(error.message)
	)
}

/** The name of the constraint that an error reports, if it reports one. */
export const violatedConstraint = (error: unknown): string | undefined =>
	error instanceof Error && /^23/.test((error as pg.DatabaseError).code ?? '') ? ((error as pg.DatabaseError).constraint ?? '') : undefined
