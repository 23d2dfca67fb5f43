import { createReadStream, createWriteStream, rmSync, statSync, type WriteStream } from 'node:fs'
import path from 'node:path'
import { Transform, type TransformCallback } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { z } from 'zod'
import { copyFrom, copyRow } from '../../platform/database/copy.ts'
import { inTurn, migrate, type Tx } from '../../platform/database/database.ts'
import { type Command, CommandError, type Context, type Given, withDatabase } from '../command.ts'
import { type Columns, guardQuotes, type Line, readLines, reasonAgainst } from './lines.ts'

type Fields = Record<string, string | number | null | undefined>

export type BadLine = { line: number; reason: string }

export type Importer<Row extends Fields> = {
	/** What the file lists, in the plural: `patients`. */
	what: string
	columns: Columns
	/** Turns a record of the file into a row with the columns of `incoming`. */
	schema: z.ZodType<Row>
	/** The columns, with their types, of the temporary table that collects good lines. */
	incoming: Record<keyof Row & string, string>
	/** Removes bad lines from the temporary table and returns them, then inserts the new ones. */
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

/** Imports all good lines or none, in one transaction. Imports take turns. */
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
	// Autovacuum does not analyze temporary tables.
	await trx.raw('ANALYZE incoming')
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

/** Turns good records into rows for COPY, and reports bad ones. */
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

type Report = ReturnType<typeof createReport>

/** How many reasons the summary lists. Most bad files have one reason, repeated many times. */
const listed = 10

/** Writes bad lines to a file as they come, and counts them by reason. The file has the reason, never the contents of the line. */
function createReport(file: string) {
	const byReason = new Map<string, number>()
	let count = 0
	let stream: WriteStream | undefined
	// Without this, the report of an earlier import would look like this one's.
	rmSync(file, { force: true })
	return {
		file,
		get count() {
			return count
		},
		add({ line, reason }: BadLine) {
			stream ??= createWriteStream(file, { mode: 0o600 })
			if (count === 0) stream.write('line,reason\n')
			stream.write(`${line},${quoted(reason)}\n`)
			count++
			byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
		},
		summary: (): string[] => {
			const reasons = [...byReason].sort(([, a], [, b]) => b - a)
			const rest = reasons.slice(listed).reduce((sum, [, times]) => sum + times, 0)
			return [
				...reasons.slice(0, listed).map(([reason, times]) => `  ${times} × ${reason}`),
				...(rest > 0 ? [`  ${rest} × other reasons`] : []),
			]
		},
		close: async () => {
			if (!stream) return
			stream.end()
			await finished(stream)
		},
	}
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
