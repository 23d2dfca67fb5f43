import { once } from 'node:events'
import type { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from, to } from 'pg-copy-streams'
import type { Tx } from './database.ts'

/**
 * Sends the rows of a `COPY … TO STDOUT` through streams to the last of them. Resolves to how many there were.
 *
 * @throws whatever a stream threw; the connection is then of no more use, and its transaction is rolled back
 */
export async function copyOut(trx: Tx, statement: string, through: Transform, target: Writable, signal: AbortSignal): Promise<number> {
	const connection = await connectionOf(trx)
	const rows = connection.query(to(statement))
	try {
		await pipeline(rows, through, target, { signal })
	} catch (error) {
		// PostgreSQL would go on sending what nobody takes.
		connection.end().catch(() => {})
		throw error
	}
	// Their number comes after the last of them, and is known for certain when the connection has taken another statement.
	await trx.raw('SELECT 1')
	return rows.rowCount
}

/** Rows on their way into PostgreSQL: `COPY … FROM STDIN`. `rowCount` is known at the end. */
export async function copyFrom(trx: Tx, statement: string): Promise<Writable & { rowCount: number }> {
	return (await connectionOf(trx)).query(from(statement))
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** One row in COPY's text format, https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS */
export function copyRow(values: readonly (string | number | null | undefined)[]): string {
	return `${values.map(value => (value === null || value === undefined ? '\\N' : String(value).replace(/[\\\t\n\r]/g, char => escapes[char] as string))).join('\t')}\n`
}

/** Writes, and waits while the other side is slower. */
export async function writeTo(stream: Writable, chunk: string | Buffer): Promise<void> {
	if (!stream.write(chunk)) await once(stream, 'drain')
}

/** The connection that a transaction holds: knex itself knows no streams. */
const connectionOf = (trx: Tx): Promise<pg.Client> => trx.client.acquireConnection()
