import { type DbOrTx, migrationSource, readSql } from '../../platform/database/database.ts'

export type Part = { name: string; definition: string }

const expected: Part[] = readSql('./schema.txt', import.meta.url)
	.split('\n')
	.filter(Boolean)
	.map(line => ({ name: line.slice(0, line.indexOf(': ')), definition: line.slice(line.indexOf(': ') + 2) }))

/** The expected foreign keys, whether or not the database still has them. */
export const foreignKeys = expected.flatMap(({ name, definition }) => {
	const [, column, parent, key] = /^FOREIGN KEY \((\w+)\) REFERENCES (\w+)\((\w+)\)/.exec(definition) ?? []
	const [, table] = /^constraint (\w+)\./.exec(name) ?? []
	return table && column && parent && key ? [{ table, column, parent, key }] : []
})

/** The line that `npm run record:schema` writes for a part. */
export const toLine = ({ name, definition }: Part): string => `${name}: ${definition}`

/** Lists migrations that have not run; when all have run, constraints, indexes, triggers and functions that are missing or different. */
export async function schemaFindings(db: DbOrTx): Promise<string[]> {
	const source = migrationSource()
	const done: string[] = await db('migrations').pluck('name')
	const pending = (await source.getMigrations([])).map(source.getMigrationName).filter(name => !done.includes(name))
	if (pending.length > 0) return pending.map(name => `migration ${name} has not run`)
	return compare(await partsOf(db))
}

const readParts = readSql('./schema.sql', import.meta.url)

export const partsOf = async (db: DbOrTx): Promise<Part[]> => (await db.raw(readParts)).rows

function compare(parts: readonly Part[]) {
	const byName = new Map(parts.map(part => [part.name, part.definition]))
	return expected.flatMap(({ name, definition }) => {
		const found = byName.get(name)
		if (found === undefined) return [`${name} is missing`]
		return found === definition ? [] : [`${name} is ${found}, and should be ${definition}`]
	})
}
