import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
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
	/** A pooler in transaction mode stands in front, which would hand on to others what is set on a session. */
	isPooled?: boolean
}

/**
 * Opens a pool. Nothing in it depends on session state, so that a pooler in transaction mode may stand in front.
 *
 * Statements give up after 12 s, waiting for a connection after 8 s: a caller hears within 15 s either way.
 */
export function createDatabase(settings: DatabaseSettings): Db {
	const { url, poolSize, applicationName = 'liveslot', queryTimeoutMs = 12_000, isPooled = false } = settings
	return knex({
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
		pool: {
			min: 0,
			max: poolSize,
			acquireTimeoutMillis: 8000,
			idleTimeoutMillis: 60_000,
			...(queryTimeoutMs > 0 &&
				!isPooled && {
					afterCreate: (connection: pg.Client, done: (error: Error | null, connection: pg.Client) => void) =>
						connection.query(limitStatements(queryTimeoutMs), error => done(error, connection)),
				}),
		},
		// The error tells the caller who asked for a connection, in the form that the caller chooses.
		log: { warn: () => {} },
		// A node that starts again while the next version is rolled out meets a schema that is newer than itself, and serves on.
		migrations: { migrationSource: migrationSource(), tableName: 'migrations', disableMigrationsListValidation: true },
	})
}

export type TurnOptions = {
	/** Called once when another node is at work. */
	onWait?: () => void
	/** Ends the waiting with an AbortError. */
	signal?: AbortSignal
}

/** Brings the schema up to date. Where it is, nothing is written: a role that may not change the schema can start a server. */
export function migrate(db: Db, waiting: TurnOptions = {}): Promise<string[]> {
	return inTurn(
		db,
		'liveslot migrations',
		async trx => {
			if (await isUpToDate(trx)) return []
			const [, names] = (await trx.migrate.latest()) as [number, string[]]
			return names
		},
		waiting,
	)
}

export type TransactionOptions = { retries?: number }

/**
 * Runs the body in a transaction, and again when PostgreSQL asks for it (deadlock, serialisation failure):
 * the body must hold nothing but SQL.
 */
export async function inTransaction<T>(db: Db, body: (trx: Tx) => Promise<T>, { retries = 3 }: TransactionOptions = {}): Promise<T> {
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
export function isDatabaseUnavailable(error: unknown): boolean {
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
export function violatedConstraint(error: unknown): string | undefined {
	return error instanceof Error && /^23/.test((error as pg.DatabaseError).code ?? '')
		? ((error as pg.DatabaseError).constraint ?? '')
		: undefined
}

/**
 * Ends a statement just before its caller gives it up: nothing runs on for nobody, and the connection can be used again.
 * A pooler refuses this as a parameter of the connection, so that it is a statement of its own.
 */
export const limitStatements = (queryTimeoutMs: number): string => `SET statement_timeout = ${Math.ceil(queryTimeoutMs * 0.9)}`

const migrationsDir = fileURLToPath(new URL('../../../db/migrations', import.meta.url))

/** Names without their ending, so that the same database serves the sources and the build. */
export function migrationSource(directory = migrationsDir): Knex.MigrationSource<string> {
	return {
		getMigrations: async () =>
			readdirSync(directory)
				.filter(file => /^\d{12}_\w+\.[jt]s$/.test(file))
				.sort(),
		getMigrationName: file => file.replace(/\.[jt]s$/, ''),
		getMigration: file => import(new URL(file, `file://${directory}/`).href),
	}
}

const askAgainMs = 100

/**
 * Runs the work in a transaction while no other node does the same: nodes that start at once take turns. Both the work and the
 * waiting take as long as they take, whatever limit the host sets on statements; that of the handle (`queryTimeoutMs`) holds.
 *
 * The lock is asked for again and again, because a statement that waits for it would meet every limit on the way.
 */
export async function inTurn<T>(db: Db, name: string, work: (trx: Tx) => Promise<T>, { onWait, signal }: TurnOptions = {}): Promise<T> {
	for (let isTold = false; ; isTold = true) {
		const turn = await db.transaction(async trx => {
			const { rows } = await trx.raw('SELECT pg_try_advisory_xact_lock(hashtext(?)) AS "isOurs"', [name])
			if (!rows[0].isOurs) return 'not yet'
			await trx.raw('SET LOCAL statement_timeout = 0')
			return { result: await work(trx) }
		})
		if (turn !== 'not yet') return turn.result
		if (!isTold) onWait?.()
		await sleep(askAgainMs, undefined, { signal })
	}
}

async function isUpToDate(trx: Tx): Promise<boolean> {
	if (!(await trx.schema.hasTable('migrations'))) return false
	const [, pending] = (await trx.migrate.list()) as [unknown[], unknown[]]
	return pending.length === 0
}

function isSerialisationFailure(error: unknown) {
	return error instanceof Error && ['40001', '40P01'].includes((error as Error & { code?: string }).code ?? '')
}
