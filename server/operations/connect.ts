import { createDatabase, type Db } from '../platform/database/database.ts'
import { reachEmbeddedPostgres } from '../platform/embedded/running-postgres.ts'
import type { Context } from './command.ts'

/** Finds the database as a node does: `DATABASE_URL`, or the embedded PostgreSQL, whether or not a node has it running. */
export async function withDatabase<T>({ settings }: Context, work: (db: Db) => Promise<T>): Promise<T> {
	const embedded = settings.databaseUrl ? undefined : await reachEmbeddedPostgres(settings.dataDir)
	const url = settings.databaseUrl ?? (embedded?.url as string)
	const db = createDatabase({ url, poolSize: 2, applicationName: 'liveslot command', queryTimeoutMs: 0 })
	try {
		return await work(db)
	} finally {
		await db.destroy()
		await embedded?.stop()
	}
}
