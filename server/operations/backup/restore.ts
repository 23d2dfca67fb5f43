import { pipeline } from 'node:stream/promises'
import { copyFrom } from '../../platform/database/copy.ts'
import { type Db, inTurn, isDatabaseUnavailable, migrate, migrationSource, readSql, type Tx } from '../../platform/database/database.ts'
import { recordAudit } from '../../platform/security/audit.ts'
import { findingsIn, sayFindings } from '../check/check.ts'
import { type Command, CommandError, type Context, withDatabase } from '../command.ts'
import { type ArchiveFile, createDigest, type Manifest, openArchive } from './archive-file.ts'
import { copied } from './tables.ts'

const dropEverything = readSql('./drop_everything.sql', import.meta.url)

/** Makes a name safe to print: a damaged archive may hold any text in its place. */
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

/** Restores in one transaction: when any step fails, the database keeps its contents. */
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

/** A running node would go on with what it remembers of the old database. */
async function refuseWhileNodesRun(trx: Tx) {
	const { rows } = await trx.raw(
		`SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name IN ('liveslot', 'liveslot pipeline', 'liveslot jobs')`,
	)
	if (rows.length > 0) throw new CommandError('Nodes are connected to the database: stop them first')
}

/** A database counts as empty while it holds no people: tables, and rows that migrations added, may be replaced. */
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
	if (unknown.length > 0) {
		const first = unknown.slice(0, 2).map(inOneLine).join(', ')
		throw new CommandError(`The archive is of another version: this one does not know ${first}${unknown.length > 2 ? ' …' : ''}`)
	}
	await trx.migrate.latest({ migrationSource: { ...source, getMigrations: async () => files } })
}

/** @throws CommandError, with a message that shows nothing of the contents, when the archive does not hold the table as it was saved */
async function fillTable(trx: Tx, archive: ArchiveFile, table: Manifest['tables'][number]) {
	const digest = createDigest()
	let count = 0
	try {
		// The archive also has the rows that migrations added.
		if (await trx(table.name).first(trx.raw('1'))) await trx(table.name).delete()
		// The entry must be open before COPY begins: a connection that waits for rows takes no other statement.
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
