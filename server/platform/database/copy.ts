import { once } from 'node:events'
import type { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from, to } from 'pg-copy-streams'
import type { Tx } from './database.ts'

/**
 * Sends all rows of a `COPY … TO STDOUT` through the streams. Returns how many rows there were.
 *
 * @throws whatever a stream threw; the connection is then unusable, and its transaction is rolled back
 */
export async function copyOut(trx: Tx, statement: string, through: Transform, target: Writable, signal: AbortSignal): Promise<number> {
	const connection = await connectionOf(trx)
	const rows = connection.query(to(statement))
	try {
		await pipeline(rows, through, target, { signal })
	} catch (error) {
		// PostgreSQL would otherwise keep sending rows that have no reader.
		connection.end().catch(() => {})
		throw error
	}
	// The count of rows arrives after the last row. It is certain once the connection has taken another statement.
	await trx.raw('SELECT 1')
	return rows.rowCount
}

/** Opens `COPY … FROM STDIN`. `rowCount` is known at the end. */
export async function copyFrom(trx: Tx, statement: string): Promise<Writable & { rowCount: number }> {
	return (await connectionOf(trx)).query(from(statement))
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** One row in COPY's text format, https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS */
export function copyRow(values: readonly (string | number | null | undefined)[]): string {
	return `${values.map(value => (value === null || value === undefined ? '\\N' : String(value).replace(/[\\\t\n\r]/g, char => escapes[char] as string))).join('\t')}\n`
}

/** Writes the chunk, and waits while the reader is slower. */
export async function writeTo(stream: Writable, chunk: string | Buffer): Promise<void> {
	if (!stream.write(chunk)) await once(stream, 'drain')
}

/** Returns the connection of a transaction, because knex itself knows no streams. */
const connectionOf = (trx: Tx): Promise<pg.Client> => trx.client.acquireConnection()
