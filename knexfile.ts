import type { Knex } from 'knex'
import { migrationSource } from './server/platform/database/database.ts'

/** For the knex command line; the server migrates by itself when it starts. */
const config: Knex.Config = {
	client: 'pg',
	...(process.env.DATABASE_URL && { connection: process.env.DATABASE_URL }),
	migrations: { migrationSource: migrationSource(), tableName: 'migrations' },
}

export default config
