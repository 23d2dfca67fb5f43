import { Transform } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { type CsvError, type Info, type Parser, parse } from 'csv-parse'
import type { z } from 'zod'
import { CommandError } from '../command.ts'

export type OnMalformed = (line: number, reason: string) => void

export type Columns = { required: readonly string[]; optional: readonly string[] }

export type LinesOptions = { columns: Columns; delimiter: string; onMalformed: OnMalformed }

const longest = 65_536

/**
 * Replaces a line whose quotation mark is not closed with an empty line: the parser would read the following lines as part of its
 * field, and lose good lines without a word. No field of ours spans lines.
 */
export function guardQuotes({ delimiter, onMalformed }: Omit<LinesOptions, 'columns'>): Transform {
	const decoder = new StringDecoder('utf8')
	const pattern = wellQuoted(delimiter)
	let rest = ''
	let count = 0

	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			const lines = (rest + decoder.write(chunk)).split('\n')
			rest = lines.pop() ?? ''
			if (rest.length > longest) return done(new CommandError(`Line ${count + 1} is longer than ${longest} characters: is it a CSV file?`))
			done(null, lines.map(guarded).join(''))
		},
		flush(done) {
			rest += decoder.end()
			done(null, rest === '' ? undefined : guarded(rest))
		},
	})

	function guarded(line: string) {
		count++
		if (!line.includes('"') || pattern.test(count === 1 ? line.replace(/^\ufeff/, '') : line)) return `${line}\n`
		onMalformed(count, 'a quotation mark is not closed, or one inside a field is not doubled')
		return '\n'
	}
}

/** The fields of a record by column, as they stand in the file. Empty fields are left out. */
export type Line = { line: number; fields: Record<string, string> }

/** Reads records from lines of CSV (RFC 4180). Calls `onMalformed` for a line that is no record, and reads on. */
export function readLines({ columns, delimiter, onMalformed }: LinesOptions): Parser {
	return parse({
		bom: true,
		columns: (header: string[]) => checkHeader(header, columns),
		delimiter,
		info: true,
		trim: true,
		skip_empty_lines: true,
		skip_records_with_error: true,
		on_skip: (error: CsvError | undefined) => {
			const isCount = error?.code === 'CSV_RECORD_INCONSISTENT_COLUMNS'
			onMalformed(Number(error?.lines ?? 0), isCount ? 'has more or fewer fields than the first line' : 'is not a line of a CSV file')
			return undefined
		},
		on_record: ({ record, info }: { record: Record<string, string>; info: Info }): Line => ({
			line: info.lines,
			fields: Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '')),
		}),
	})
}

/** The reason why a record is refused, in terms of the file's columns; undefined for a good record. */
export function reasonAgainst(parsed: z.ZodSafeParseResult<unknown>, { fields }: Line): string | undefined {
	// The decoder's replacement for bytes that are no UTF-8. Imported, it would misspell a name for good.
	const garbled = Object.keys(fields).find(name => fields[name]?.includes('\ufffd'))
	if (garbled) return `${garbled}: is not UTF-8`
	const issue = parsed.error?.issues[0]
	if (!issue) return undefined
	const column = String(issue.path[0] ?? '')
	if (column && fields[column] === undefined) return `${column}: is missing`
	return column ? `${column}: ${issue.message}` : issue.message
}

/** Matches a line whose fields are plain or in quotation marks, with doubled marks inside. */
function wellQuoted(delimiter: string): RegExp {
	const between = delimiter.replace(/[^\w\s]/, '\\$&')
	const field = `(?: *"(?:[^"]|"")*" *|[^"${between}]*)`
	return new RegExp(`^${field}(?:${between}${field})*\\r?$`)
}

function checkHeader(header: string[], { required, optional }: Columns): string[] {
	const names = header.map(name => name.trim().toLowerCase())
	const missing = required.filter(name => !names.includes(name))
	if (missing.length > 0) throw new CommandError(`The first line must name the columns: ${missing.join(', ')} is missing`)
	// Without this check, a misspelt column would be left out in silence.
	const unknown = names.filter(name => ![...required, ...optional].includes(name))
	if (unknown.length > 0) throw new CommandError(`There is no column ${unknown[0]}; there are ${[...required, ...optional].join(', ')}`)
	if (new Set(names).size < names.length) throw new CommandError('A column is named twice')
	return names
}
