import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import knex, { type Knex } from 'knex'
import pg from 'pg'

/** A handle outside any transaction. */
export type Db = Knex
/** A handle inside a transaction. A function with this parameter must not run without one. */
export type Tx = Knex.Transaction
/** A handle for functions that work inside and outside a transaction. */
export type DbOrTx = Db | Tx

// Our bigint columns are ids and counts: ids travel as opaque strings, and SQL casts counts to int.
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
	/** How long a statement may take; 0 means no limit, for commands whose operator waits. */
	queryTimeoutMs?: number
	/** True when a pooler in transaction mode stands in front. Settings of a session would then reach other clients. */
	isPooled?: boolean
}

/**
 * Opens a pool. It keeps no session state, so that a pooler in transaction mode may stand in front.
 *
 * A statement fails after 12 s, and waiting for a connection after 8 s, so that a caller hears within 15 s in both cases.
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
		// Errors then show `?` in place of values, which may be people's names.
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
		// The caller who asked for the connection reports the error in its own form.
		log: { warn: () => {} },
		// During a rollout an older node may restart against a newer schema, and it must keep serving.
		migrations: { migrationSource: migrationSource(), tableName: 'migrations', disableMigrationsListValidation: true },
	})
}

export type TurnOptions = {
	/** Called once when another node has the lock. */
	onWait?: () => void
	/** Ends the waiting with an AbortError. */
	signal?: AbortSignal
}

/** Brings the schema up to date. Writes nothing when it already is, so that a role without rights on the schema can start a server. */
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
 * Runs the body in a transaction, and repeats it when PostgreSQL asks for that (deadlock, serialization failure). The body must
 * therefore contain nothing but SQL.
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

/** Reads a statement from its own file beside the module that runs it. */
export const readSql = (file: string, base: string): string => readFileSync(new URL(file, base), 'utf8')

/** True when PostgreSQL was unreachable or is shutting down; false when it refused. */
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

/** The name of the violated constraint, if the error reports one. */
export function violatedConstraint(error: unknown): string | undefined {
	return error instanceof Error && /^23/.test((error as pg.DatabaseError).code ?? '')
		? ((error as pg.DatabaseError).constraint ?? '')
		: undefined
}

/**
 * Ends a statement just before its caller gives up, so that PostgreSQL does no work without a reader and the connection stays usable.
 * Sent as a statement, because a pooler refuses this setting as a parameter of the connection.
 */
export const limitStatements = (queryTimeoutMs: number): string => `SET statement_timeout = ${Math.ceil(queryTimeoutMs * 0.9)}`

const migrationsDir = fileURLToPath(new URL('../../../db/migrations', import.meta.url))

/** Names migrations without their file ending, so that the sources and the build can serve the same database. */
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
 * Runs the work in a transaction under a lock, so that nodes which start together take turns. Neither the work nor the waiting is cut
 * short by a limit that the host sets on statements; the handle's own limit (`queryTimeoutMs`) applies.
 *
 * Asks for the lock repeatedly, because a single statement that waits for it would exceed every limit on the way.
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

/** Whether servers have a role of their own and this connection is the owner's, who grants that role its rights. */
export async function mayGrant(db: Db): Promise<boolean> {
	const { rows } = await db.raw(`
		SELECT FROM pg_roles, pg_class
		WHERE rolname = 'liveslot_app' AND pg_class.oid = 'audit_log'::regclass
		  AND pg_has_role(relowner, 'USAGE')`)
	return rows.length > 0
}

const roles = readSql('../../../db/roles.sql', import.meta.url)

/** Grants the server's role its rights on the present tables. */
export const grantToServer = (db: Db): Promise<void> => inTurn(db, 'liveslot migrations', async trx => void (await trx.raw(roles)))
