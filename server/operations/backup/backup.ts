import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs'
import { PassThrough, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { copyOut } from '../../platform/database/copy.ts'
import type { Db, Tx } from '../../platform/database/database.ts'
import { recordAudit } from '../../platform/security/audit.ts'
import { type Command, CommandError, type Context } from '../command.ts'
import { withDatabase } from '../connect.ts'
import { createDigest, entryOf, type Manifest, manifestName } from './manifest.ts'
import { copied, readSequences, readTables, type Table } from './tables.ts'

const nameFor = (now: Date) => `liveslot-${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z.zip`

export const backup: Command = {
	summary: 'Saves the whole database as of one moment in one file, while nodes run. The file - is the output.',
	positionals: ['[FILE]'],
	options: {},
	run: async (context, given) => {
		const { terminal } = context
		const [file = nameFor(new Date())] = given.arguments
		const manifest = await withDatabase(context, async db => {
			const saved = await (file === '-' ? writeArchive(db, terminal.output, context) : writeFile(db, file, context))
			// A copy of everything has left the database: that is to be found in the log.
			await recordAudit(db, { actor: null, action: 'backed_up', entity: 'database' })
			return saved
		})
		const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
		// The output may be the archive.
		terminal.complain(`${file} holds ${rows} rows of ${manifest.tables.length} tables`)
		return 0
	},
}

/** Writes an archive to a stream, and ends it unless it is the command's own output. */
async function writeArchive(db: Db, target: Writable, context: Context): Promise<Manifest> {
	const zip = new ZipFile()
	// It says what its streams have said already.
	zip.on('error', () => {})
	// Where the archive cannot be written, nobody would read its entries any more.
	const stopped = new AbortController()
	const written = pipeline(zip.outputStream, target, { end: target !== context.terminal.output }).catch(error => {
		stopped.abort(error)
		throw error
	})
	const [manifest] = await Promise.all([save(), written])

	return manifest

	async function save() {
		try {
			const manifest = await saveAll(db, zip, context, stopped.signal)
			zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, '\t')), manifestName)
			zip.end()
			return manifest
		} catch (error) {
			target.destroy()
			throw error
		}
	}
}

type Saved = Manifest['tables'][number]

/** Everything as of one moment, whatever is booked meanwhile. */
function saveAll(db: Db, zip: ZipFile, { terminal }: Context, signal: AbortSignal): Promise<Manifest> {
	return db.transaction(
		async trx => {
			// It takes as long as it takes, whatever limit the host sets on statements.
			await trx.raw('SET LOCAL statement_timeout = 0')
			const [{ now }] = (await trx.raw('SELECT now()')).rows
			const migrations: string[] = await trx('migrations').orderBy('id').pluck('name')
			const tables: Saved[] = []
			for (const table of await readTables(trx)) {
				terminal.progress(`Saving ${table.name}`)
				tables.push(await saveTable(trx, zip, table, signal))
			}
			// Sequences know no snapshot. Read last, they are past every number that the tables hold.
			const sequences = await readSequences(trx)
			return { format: 1, madeAt: now.toISOString(), migrations, tables, sequences }
		},
		{ isolationLevel: 'repeatable read', readOnly: true },
	)
}

/** Sends one table into the archive; resolves when all of it is there. */
async function saveTable(trx: Tx, zip: ZipFile, table: Table, signal: AbortSignal): Promise<Saved> {
	const digest = createDigest()
	const entry = new PassThrough()
	zip.addReadStream(entry, entryOf(table))
	const rows = await copyOut(trx, `COPY ${copied(table)} TO STDOUT`, digest.stream, entry, signal)
	return { ...table, rows, sha256: digest.sha256() }
}

/** A file under its name is whole, and on the disk. */
async function writeFile(db: Db, file: string, context: Context): Promise<Manifest> {
	if (existsSync(file)) throw new CommandError(`${file} is there already`)
	const part = `${file}.part`
	try {
		const manifest = await writeArchive(db, createWriteStream(part, { mode: 0o600, flush: true }), context)
		renameSync(part, file)
		return manifest
	} catch (error) {
		rmSync(part, { force: true })
		throw error
	}
}
