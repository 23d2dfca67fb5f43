import type { DbOrTx } from '../../server/platform/database/database.ts'

/** Whether PostgreSQL would take a statement: every table, column, function and type in it is as the statement needs it. */
export const isServed = async (db: DbOrTx, statement: string): Promise<boolean> => {
	try {
		// Both on one connection of the pool. A question mark would be one of knex's own.
		await db.raw(`PREPARE served AS ${statement.replaceAll('?', '\\?')}; DEALLOCATE served`)
		return true
	} catch {
		return false
	}
}
