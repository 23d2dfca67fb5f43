import type { DbOrTx } from '../../server/platform/database/database.ts'

/** Whether PostgreSQL accepts a statement: the schema has every table, column, function and type that the statement needs. */
export const isServed = async (db: DbOrTx, statement: string): Promise<boolean> => {
	try {
		// Both statements need one connection of the pool. knex would take a question mark for a parameter.
		await db.raw(`PREPARE served AS ${statement.replaceAll('?', '\\?')}; DEALLOCATE served`)
		return true
	} catch {
		return false
	}
}
