import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type pg from 'pg'
import { from, to } from 'pg-copy-streams'
import type { Tx } from './database.ts'

/** The connection that a transaction holds: knex itself knows no streams. */
const connectionOf = (trx: Tx): Promise<pg.Client> => trx.client.acquireConnection()

/** Rows on their way out of PostgreSQL: `COPY … TO STDOUT`. `rowCount` is known at the end. */
export const copyTo = async (trx: Tx, statement: string): Promise<Readable & { rowCount: number }> =>
	(await connectionOf(trx)).query(to(statement))

/** Rows on their way into PostgreSQL: `COPY … FROM STDIN`. `rowCount` is known at the end. */
export const copyFrom = async (trx: Tx, statement: string): Promise<Writable & { rowCount: number }> =>
	(await connectionOf(trx)).query(from(statement))

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** One row in COPY's text format, https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS */
export const copyRow = (values: readonly (string | number | null | undefined)[]): string =>
	`${values.map(value => (value === null || value === undefined ? '\\N' : String(value).replace(/[\\\t\n\r]/g, char => escapes[char] as string))).join('\t')}\n`

/** Writes, and waits while the other side is slower. */
export const writeTo = async (stream: Writable, chunk: string | Buffer): Promise<void> => {
	if (!stream.write(chunk)) await once(stream, 'drain')
}
