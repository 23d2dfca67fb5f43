import { pipeline } from 'node:stream/promises'
import { copyFrom } from '../../platform/database/copy.ts'
import { type Db, inTurn, isDatabaseUnavailable, migrate, migrationSource, readSql, type Tx } from '../../platform/database/database.ts'
import { recordAudit } from '../../platform/security/audit.ts'
import { findingsIn, sayFindings } from '../check/check.ts'
import { type Command, CommandError, type Context } from '../command.ts'
import { withDatabase } from '../connect.ts'
import { type ArchiveFile, openArchive } from './archive-file.ts'
import { createDigest, type Manifest } from './manifest.ts'
import { copied } from './tables.ts'

const dropEverything = readSql('./drop_everything.sql', import.meta.url)

/** A name as a damaged archive has it may be anything. */
const inOneLine = (name: string) => name.replace(/[^\w .-]/g, '?').slice(0, 60)

export const restore: Command = {
	summary: 'Fills an empty database with what `backup` saved, and brings it up to date. Nodes must not run meanwhile.',
	positionals: ['FILE'],
	options: { replace: { type: 'boolean', explain: 'give up what is in the database now' } },
	run: async (context, given) => {
		const archive = await openArchive(given.arguments[0] as string)
		try {
			return await withDatabase(context, async db => {
				await restoreAll(db, archive, given.isOn('replace'), context)
				await migrate(db)
				await db.raw('ANALYZE')
				const rows = archive.manifest.tables.reduce((sum, table) => sum + table.rows, 0)
				context.terminal.say(`${rows} rows of ${archive.manifest.tables.length} tables are as they were at ${archive.manifest.madeAt}`)
				return sayFindings(await findingsIn(db), context)
			})
		} finally {
			archive.close()
		}
	},
}

/** The archive's contents or, when anything goes wrong, what was there before: it is all one transaction. */
function restoreAll(db: Db, archive: ArchiveFile, replaces: boolean, { terminal }: Context) {
	return inTurn(db, 'liveslot migrations', async trx => {
		const { manifest } = archive
		await refuseWhileNodesRun(trx)
		if (!replaces) await refuseUnlessEmpty(trx)
		await trx.raw(dropEverything)
		await migrateTo(trx, manifest)
		for (const table of manifest.tables) {
			terminal.progress(`Restoring ${table.name}`)
			await fillTable(trx, archive, table)
		}
		await setSequences(trx, manifest)
		await recordAudit(trx, { actor: null, action: 'restored', entity: 'database', details: { of: manifest.madeAt } })
	})
}

/** A node would go on from what it remembers of the other database. */
async function refuseWhileNodesRun(trx: Tx) {
	const { rows } = await trx.raw(
		`SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name IN ('liveslot', 'liveslot pipeline', 'liveslot jobs')`,
	)
	if (rows.length > 0) throw new CommandError('Nodes are connected to the database: stop them first')
}

/** People are what a database is worth; the tables alone, and what migrations put in them, are not. */
async function refuseUnlessEmpty(trx: Tx) {
	for (const table of ['users', 'patients', 'audit_log']) {
		if (!(await trx.schema.hasTable(table))) continue
		if (await trx(table).first(trx.raw('1'))) throw new CommandError('The database is not empty; --replace gives up what is in it')
	}
}

async function migrateTo(trx: Tx, { migrations }: Manifest) {
	const source = migrationSource()
	const files = (await source.getMigrations([])).filter(file => migrations.includes(source.getMigrationName(file)))
	const known = files.map(source.getMigrationName)
	const unknown = migrations.filter(name => !known.includes(name))
	if (unknown.length > 0)
		throw new CommandError(`The archive is of another version: this one does not know ${unknown.map(inOneLine).join(', ')}`)
	await trx.migrate.latest({ migrationSource: { ...source, getMigrations: async () => files } })
}

/** @throws CommandError when the archive does not hold the table as it was saved; its message holds nothing of the contents */
async function fillTable(trx: Tx, archive: ArchiveFile, table: Manifest['tables'][number]) {
	const digest = createDigest()
	let count = 0
	try {
		// What migrations put in is in the archive too.
		if (await trx(table.name).first(trx.raw('1'))) await trx(table.name).delete()
		// Opened before COPY begins: a connection that waits for rows takes no other statement.
		const saved = await archive.open(table)
		const rows = await copyFrom(trx, `COPY ${copied(table)} FROM STDIN`)
		await pipeline(saved, digest.stream, rows)
		count = rows.rowCount
	} catch (error) {
		if (isDatabaseUnavailable(error)) throw error
		throw new CommandError(`The archive is damaged: ${inOneLine(table.name)} cannot be read`)
	}
	if (digest.sha256() !== table.sha256 || count !== table.rows)
		throw new CommandError(`The archive is damaged: ${table.name} is not what was saved`)
}

async function setSequences(trx: Tx, { sequences }: Manifest) {
	try {
		for (const { name, lastValue } of sequences)
			if (lastValue !== null) await trx.raw(`SELECT setval(format('public.%I', ?::text)::regclass, ?::bigint)`, [name, lastValue])
	} catch (error) {
		if (isDatabaseUnavailable(error)) throw error
		throw new CommandError('The archive is damaged: its sequences cannot be read')
	}
}
