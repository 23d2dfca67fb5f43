import { createWriteStream, existsSync, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { recordAudit } from '../../platform/audit.ts'
import { copyTo } from '../../platform/copy.ts'
import type { Db, Tx } from '../../platform/database.ts'
import { type Command, CommandError, type Context } from '../command.ts'
import { withDatabase } from '../connect.ts'
import { createDigest, entryOf, type Manifest, manifestName } from './manifest.ts'
import { copied, readSequences, readTables, type Table } from './tables.ts'

type Saved = Manifest['tables'][number]

/** Sends one table into the archive; resolves when all of it is there. */
const saveTable = async (trx: Tx, zip: ZipFile, table: Table): Promise<Saved> => {
	const rows = await copyTo(trx, `COPY ${copied(table)} TO STDOUT`)
	const digest = createDigest()
	const entry = new PassThrough()
	zip.addReadStream(entry as Readable, entryOf(table), { mtime: new Date(0) })
	await pipeline(rows, digest.stream, entry)
	return { ...table, rows: rows.rowCount, sha256: digest.sha256() }
}

/** Everything as of one moment, whatever is booked meanwhile. */
const saveAll = (db: Db, zip: ZipFile, { terminal }: Context): Promise<Manifest> =>
	db.transaction(
		async trx => {
			const [{ now }] = (await trx.raw('SELECT now()')).rows
			const migrations: string[] = await trx('migrations').orderBy('id').pluck('name')
			const tables: Saved[] = []
			for (const table of await readTables(trx)) {
				terminal.progress(`Saving ${table.name}`)
				tables.push(await saveTable(trx, zip, table))
			}
			// Sequences know no snapshot. Read last, they are past every number that the tables hold.
			const sequences = await readSequences(trx)
			return { format: 1, madeAt: now.toISOString(), migrations, tables, sequences }
		},
		{ isolationLevel: 'repeatable read', readOnly: true },
	)

/** A file under its name is whole, and on the disk. */
const writeArchive = async (db: Db, file: string, context: Context): Promise<Manifest> => {
	const part = `${file}.part`
	const zip = new ZipFile()
	const written = pipeline(zip.outputStream, createWriteStream(part, { mode: 0o600, flags: 'wx' }))
	try {
		const [manifest] = await Promise.all([
			saveAll(db, zip, context).then(found => {
				zip.addBuffer(Buffer.from(JSON.stringify(found, null, '\t')), manifestName)
				zip.end()
				return found
			}),
			written,
		])
		const handle = await open(part, 'r+')
		await handle.sync().finally(() => handle.close())
		await rename(part, file)
		return manifest
	} catch (error) {
		rmSync(part, { force: true })
		throw error
	}
}

const nameFor = (now: Date) => `liveslot-${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z.zip`

export const backup: Command = {
	summary: 'Saves the whole database as of one moment in one file, while nodes run.',
	positionals: ['[FILE]'],
	options: {},
	run: async (context, given) => {
		const [file = nameFor(new Date())] = given.arguments
		if (existsSync(file)) throw new CommandError(`${file} is there already`)
		const manifest = await withDatabase(context, async db => {
			const saved = await writeArchive(db, file, context)
			// A copy of everything has left the database: that is to be found in the log.
			await recordAudit(db, { actor: null, action: 'backed_up', entity: 'database' })
			return saved
		})
		const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
		context.terminal.say(`${file} holds ${rows} rows of ${manifest.tables.length} tables`)
		return 0
	},
}
