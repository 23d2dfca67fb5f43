import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs'
import { PassThrough, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { copyOut } from '../../platform/database/copy.ts'
import type { Db, Tx } from '../../platform/database/database.ts'
import { recordAudit } from '../../platform/security/audit.ts'
import { type Command, CommandError, type Context, withDatabase } from '../command.ts'
import { createDigest, entryOf, type Manifest, manifestName } from './archive-file.ts'
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
			// The audit log must show that a copy of everything has left the database.
			await recordAudit(db, { actor: null, action: 'backed_up', entity: 'database' })
			return saved
		})
		const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
		// Not `say`: the output may be the archive.
		terminal.complain(`${file} holds ${rows} rows of ${manifest.tables.length} tables`)
		return 0
	},
}

/** Writes an archive to a stream, and ends the stream unless it is the command's own output. */
async function writeArchive(db: Db, target: Writable, context: Context): Promise<Manifest> {
	const zip = new ZipFile()
	// The archive repeats the errors of its streams, which are handled below.
	zip.on('error', () => {})
	// When the target fails, no reader takes the entries of the archive any more: without the signal, the COPY would wait for ever.
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

/** Saves everything as of one moment, whatever is booked meanwhile. */
function saveAll(db: Db, zip: ZipFile, { terminal }: Context, signal: AbortSignal): Promise<Manifest> {
	return db.transaction(
		async trx => {
			// A backup of a large clinic takes longer than the limit that some hosts set on statements.
			await trx.raw('SET LOCAL statement_timeout = 0')
			const [{ now }] = (await trx.raw('SELECT now()')).rows
			const migrations: string[] = await trx('migrations').orderBy('id').pluck('name')
			const tables: Saved[] = []
			for (const table of await readTables(trx)) {
				terminal.progress(`Saving ${table.name}`)
				tables.push(await saveTable(trx, zip, table, signal))
			}
			// Sequences are not part of the snapshot. Read last, they are past every number in the tables.
			const sequences = await readSequences(trx)
			return { format: 1, madeAt: now.toISOString(), migrations, tables, sequences }
		},
		{ isolationLevel: 'repeatable read', readOnly: true },
	)
}

/** Sends one table to the archive; resolves when the archive has all of it. */
async function saveTable(trx: Tx, zip: ZipFile, table: Table, signal: AbortSignal): Promise<Saved> {
	const digest = createDigest()
	const entry = new PassThrough()
	zip.addReadStream(entry, entryOf(table))
	const rows = await copyOut(trx, `COPY ${copied(table)} TO STDOUT`, digest.stream, entry, signal)
	return { ...table, rows, sha256: digest.sha256() }
}

/** Writes to another name first, so that a file under its own name is complete and on the disk. */
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
