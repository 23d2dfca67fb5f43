import { type CsvError, type Info, type Parser, parse } from 'csv-parse'
import type { z } from 'zod'
import { CommandError } from '../command.ts'

/** A record as it stands in the file, by the names of its columns; what is empty is left out. */
export type Line = { line: number; fields: Record<string, string> }

export type Columns = { required: readonly string[]; optional: readonly string[] }

const checkHeader = (header: string[], { required, optional }: Columns): string[] => {
	const names = header.map(name => name.trim().toLowerCase())
	const missing = required.filter(name => !names.includes(name))
	if (missing.length > 0) throw new CommandError(`The first line must name the columns: ${missing.join(', ')} is missing`)
	// A column that is misspelt would otherwise be left out in silence.
	const unknown = names.filter(name => ![...required, ...optional].includes(name))
	if (unknown.length > 0) throw new CommandError(`There is no column ${unknown[0]}; there are ${[...required, ...optional].join(', ')}`)
	if (new Set(names).size < names.length) throw new CommandError('A column is named twice')
	return names
}

export type LinesOptions = { columns: Columns; delimiter: string; onMalformed: (line: number, reason: string) => void }

/** Reads records from a CSV file (RFC 4180). What is not even a record is told to `onMalformed`, and reading goes on. */
export const readLines = ({ columns, delimiter, onMalformed }: LinesOptions): Parser =>
	parse({
		bom: true,
		columns: (header: string[]) => checkHeader(header, columns),
		delimiter,
		info: true,
		trim: true,
		skip_empty_lines: true,
		skip_records_with_error: true,
		max_record_size: 65_536,
		on_skip: (error: CsvError | undefined) => {
			onMalformed(Number(error?.lines ?? 0), malformed[error?.code ?? ''] ?? 'is not a line of a CSV file')
			return undefined
		},
		on_record: ({ record, info }: { record: Record<string, string>; info: Info }): Line => ({
			line: info.lines,
			fields: Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '')),
		}),
	})

const malformed: Record<string, string> = {
	CSV_RECORD_INCONSISTENT_COLUMNS: 'has more or fewer fields than the first line',
	CSV_QUOTE_NOT_CLOSED: 'a quotation mark is not closed',
	CSV_INVALID_CLOSING_QUOTE: 'a quotation mark inside a field must be doubled',
	INVALID_OPENING_QUOTE: 'a quotation mark inside a field must be doubled, and the field quoted',
	CSV_MAX_RECORD_SIZE: 'is longer than 65,536 characters; perhaps a quotation mark is not closed',
}

/** The reason why a record is refused, in terms of the file's columns; undefined when it is not. */
export const reasonAgainst = (parsed: z.ZodSafeParseResult<unknown>, { fields }: Line): string | undefined => {
	// What a decoder writes for bytes that are no UTF-8: in the database it would be a name spelt wrong for good.
	const garbled = Object.keys(fields).find(name => fields[name]?.includes('\ufffd'))
	if (garbled) return `${garbled}: is not UTF-8`
	const issue = parsed.error?.issues[0]
	if (!issue) return undefined
	const column = String(issue.path[0] ?? '')
	if (column && fields[column] === undefined) return `${column}: is missing`
	return column ? `${column}: ${issue.message}` : issue.message
}
