// Records the schema that `npm run check:database` expects. Run this after a change of the migrations.
import { writeFileSync } from 'node:fs'
import { partsOf, toLine } from '../server/operations/check/schema.ts'
import { createDatabase } from '../server/platform/database/database.ts'
import { freshStores, startServers, stopServers } from '../test/support/servers.ts'

await startServers()
const { databaseUrl } = await freshStores()
const db = createDatabase({ url: databaseUrl, poolSize: 1 })
const lines = (await partsOf(db)).map(toLine)
await db.destroy()
await stopServers()
writeFileSync(new URL('../server/operations/check/schema.txt', import.meta.url), `${lines.join('\n')}\n`)
