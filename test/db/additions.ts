import { partsOf } from '../../server/operations/check/schema.ts'
import type { DbOrTx } from '../../server/platform/database/database.ts'

type Column = { table: string; column: string; type: string; isRequired: boolean }

/** Each constraint, unique index, trigger and function, and each column with the effect on an insert that leaves the column out. */
export type Shape = { columns: Map<string, Column>; parts: Map<string, string> }

export const shapeOf = async (db: DbOrTx): Promise<Shape> => {
	const { rows } = await db.raw<{ rows: Column[] }>(`
		SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
			a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS "isRequired"
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`)
	const parts = (await partsOf(db)).filter(({ name, definition }) => !name.startsWith('index') || definition.startsWith('unique'))
	return {
		columns: new Map(rows.map(row => [`${row.table}.${row.column}`, row])),
		parts: new Map(parts.map(({ name, definition }) => [name, definition])),
	}
}

const tableOf = (part: string) => /^(?:constraint|index|trigger) (\w+)\./.exec(part)?.[1]

const changedColumns = (before: Shape, after: Shape): string[] =>
	[...before.columns].flatMap(([name, column]) => {
		const now = after.columns.get(name)
		if (!now) return [`column ${name} is gone`]
		if (now.type !== column.type) return [`column ${name} is another type`]
		return now.isRequired && !column.isRequired ? [`column ${name} has become required`] : []
	})

/** The changes that break code of the previous version. New tables, optional columns and plain indexes do not. */
export const breaksIn = (before: Shape, after: Shape): string[] => {
	const tables = new Set([...before.columns.values()].map(({ table }) => table))
	const required = [...after.columns].filter(
		([name, { table, isRequired }]) => isRequired && tables.has(table) && !before.columns.has(name),
	)
	const stricter = [...after.parts].filter(([name, definition]) => tables.has(tableOf(name) ?? '') && before.parts.get(name) !== definition)
	const functions = [...before.parts].filter(([name, definition]) => name.startsWith('function') && after.parts.get(name) !== definition)
	return [
		...changedColumns(before, after),
		...required.map(([name]) => `column ${name} is required`),
		...stricter.map(([name]) => `${name} is new or different`),
		...functions.map(([name]) => `${name} is gone or different`),
	].sort()
}
