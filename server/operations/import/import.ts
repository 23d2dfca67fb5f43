import { createReadStream, statSync } from 'node:fs'
import path from 'node:path'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { z } from 'zod'
import { copyFrom, copyRow } from '../../platform/database/copy.ts'
import { inTurn, migrate, type Tx } from '../../platform/database/database.ts'
import { type Command, CommandError, type Context, type Given } from '../command.ts'
import { withDatabase } from '../connect.ts'
import { type Columns, guardQuotes, type Line, readLines, reasonAgainst } from './lines.ts'
import { type BadLine, createReport, type Report } from './report.ts'

type Fields = Record<string, string | number | null | undefined>

export type Importer<Row extends Fields> = {
	/** In the plural: `patients`. */
	what: string
	columns: Columns
	/** Checks a record of the file; what comes out has the columns of `incoming`. */
	schema: z.ZodType<Row>
	/** Columns of the temporary table that good lines wait in, with their types. */
	incoming: Record<keyof Row & string, string>
	/** Says what is wrong with lines in that table and removes them from it, then inserts those that are new. */
	load(trx: Tx, settings: Context['settings']): Promise<{ bad: BadLine[]; added: number; present: number }>
}

export function importCommand<Row extends Fields>(importer: Importer<Row>): Command {
	return {
		summary: `Adds ${importer.what} from a CSV file. Those who are there already are left as they are.`,
		positionals: ['FILE'],
		options: {
			strict: { type: 'boolean', explain: 'import nothing when any line is bad' },
			delimiter: { type: 'string', explain: 'what stands between fields', example: 'CHAR', default: ',' },
			report: { type: 'string', explain: 'where bad lines are listed; beside FILE by default', example: 'FILE' },
		},
		run: async (context, given) => {
			const options = optionsOf(given)
			const { terminal } = context
			const report = createReport(options.reportFile)

			async function sayWhatIsBad() {
				await report.close()
				if (report.count === 0) return
				terminal.complain(`${report.count} bad lines, listed in ${report.file}:`)
				for (const line of report.summary()) terminal.complain(line)
			}

			try {
				const { added, present } = await importFile(importer, options, report, context)
				await sayWhatIsBad()
				terminal.say(`${added} ${importer.what} added, ${present} were there already, ${report.count} lines were bad`)
				return 0
			} catch (error) {
				await sayWhatIsBad()
				throw error
			}
		},
	}
}

type Options = { file: string; reportFile: string; delimiter: string; isStrict: boolean }

const optionsOf = (given: Given): Options => {
	const [file = ''] = given.arguments
	const delimiter = given.text('delimiter') === 'tab' ? '\t' : (given.text('delimiter') as string)
	if (delimiter.length !== 1) throw new CommandError('--delimiter must be one character, or tab')
	const reportFile = given.text('report') ?? `${file}.bad-lines.csv`
	if (path.resolve(reportFile) === path.resolve(file)) throw new CommandError('--report must be another file')
	return { file, reportFile, delimiter, isStrict: given.isOn('strict') }
}

/** All good lines, or none: everything happens in one transaction, and imports take turns. */
function importFile<Row extends Fields>(importer: Importer<Row>, options: Options, report: Report, context: Context) {
	return withDatabase(context, async db => {
		await migrate(db)
		return await inTurn(db, 'liveslot import', async trx => {
			await fill(trx, importer, options, report, context)
			context.terminal.progress(`Adding ${importer.what}`)
			const { bad, ...counts } = await importer.load(trx, context.settings)
			for (const each of bad) report.add(each)
			if (options.isStrict && report.count > 0) throw new CommandError('Nothing was imported')
			return counts
		})
	})
}

/** Streams the good lines of the file into a temporary table. */
async function fill<Row extends Fields>(
	trx: Tx,
	importer: Importer<Row>,
	{ file, delimiter }: Options,
	report: Report,
	{ terminal }: Context,
) {
	const definitions = Object.entries(importer.incoming).map(([name, type]) => `${name} ${type}`)
	await trx.raw(`CREATE TEMPORARY TABLE incoming (line integer PRIMARY KEY, ${definitions.join(', ')}) ON COMMIT DROP`)
	const { size } = statSync(file)
	let read = 0
	const source = createReadStream(file).on('data', chunk => {
		read += chunk.length
		terminal.progress(`${megabytes(read)} of ${megabytes(size)} MB read, ${report.count} bad lines`)
	})
	const options = { delimiter, columns: importer.columns, onMalformed: (line: number, reason: string) => report.add({ line, reason }) }
	await pipeline(
		source,
		guardQuotes(options),
		readLines(options),
		toRows(importer, report),
		await copyFrom(trx, 'COPY incoming FROM STDIN'),
	)
	// Nobody else does it for a temporary table.
	await trx.raw('ANALYZE incoming')
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

/** Turns good records into rows for COPY, and reports the others. */
function toRows<Row extends Fields>({ schema, incoming }: Importer<Row>, report: Report) {
	const names = Object.keys(incoming)
	return new Transform({
		writableObjectMode: true,
		transform(record: Line, _encoding, done: TransformCallback) {
			const parsed = schema.safeParse(record.fields)
			const reason = reasonAgainst(parsed, record)
			if (reason === undefined) return done(null, copyRow([record.line, ...names.map(name => parsed.data?.[name])]))
			report.add({ line: record.line, reason })
			done()
		},
	})
}
