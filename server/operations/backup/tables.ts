import { type DbOrTx, readSql } from '../../platform/database/database.ts'

export type Table = { name: string; columns: string[] }
type FoundTable = Table & { refersTo: string[] }

const findTables = readSql('./tables.sql', import.meta.url)

export async function readTables(db: DbOrTx): Promise<Table[]> {
	const { rows } = await db.raw<{ rows: FoundTable[] }>(findTables)
	return inOrder(rows)
}

export type Sequence = { name: string; lastValue: string | null }

/** The sequences, each with the last number that it has given out; null before the first. */
export async function readSequences(db: DbOrTx): Promise<Sequence[]> {
	const { rows } = await db.raw(
		`SELECT sequencename AS name, last_value::text AS "lastValue" FROM pg_sequences
		 WHERE schemaname = 'public' AND sequencename NOT LIKE 'agenda\\_%' AND sequencename NOT LIKE 'migrations%' ORDER BY 1`,
	)
	return rows
}

/** The table and its saved columns, in the notation of COPY. */
export const copied = ({ name, columns }: Table): string => `public.${quoted(name)} (${columns.map(quoted).join(', ')})`

/** Orders tables for filling: each comes after the tables that it refers to. @throws Error when tables refer to each other in a circle */
export function inOrder(tables: readonly FoundTable[]): Table[] {
	const ordered: Table[] = []
	let waiting = [...tables]
	while (waiting.length > 0) {
		const ready = waiting.filter(({ refersTo }) => !waiting.some(({ name }) => refersTo.includes(name)))
		if (ready.length === 0) throw new Error(`these tables refer to each other: ${waiting.map(({ name }) => name).join(', ')}`)
		ordered.push(...ready.map(({ name, columns }) => ({ name, columns })))
		waiting = waiting.filter(table => !ready.includes(table))
	}
	return ordered
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
