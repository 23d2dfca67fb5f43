import type { DbOrTx } from '../../server/platform/database.ts'

/** Whether PostgreSQL would take a statement: every table, column, function and type in it is as the statement needs it. */
export const isServed = async (db: DbOrTx, statement: string): Promise<boolean> => {
	// knex would take a question mark in it for one of its own.
	const name = 'PREPARE served AS '
	try {
		await db.raw(`${name}${statement.replaceAll('?', '\\?')}`)
		await db.raw('DEALLOCATE served')
		return true
	} catch {
		return false
	}
}
