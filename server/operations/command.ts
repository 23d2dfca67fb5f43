import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { OperationSettings } from '../config.ts'
import { createDatabase, type Db } from '../platform/database/database.ts'
import { reachEmbeddedPostgres } from '../platform/embedded/running-postgres.ts'
import type { Terminal } from './terminal.ts'

export type Context = { settings: OperationSettings; terminal: Terminal }

export type Option = { type: 'string' | 'boolean'; explain: string; example?: string; default?: string }

export type Given = {
	/** The arguments after the command's name, in the order of `positionals`. */
	arguments: string[]
	text(option: string): string | undefined
	isOn(option: string): boolean
	/** @throws CommandError when the option is not a whole number from `min` to `max` */
	whole(option: string, min: number, max: number): number
}

export type Command = {
	summary: string
	/** The names of the arguments; brackets mark an optional one. */
	positionals?: string[]
	options: Record<string, Option>
	/** Resolves to the exit code. */
	run(context: Context, given: Given): Promise<number>
}

/** The text of `--help`. */
export function helpOf(name: string, { summary, positionals = [], options }: Command): string {
	const lines = Object.entries({ ...options, help: { type: 'boolean', explain: 'say this' } satisfies Option }).map(
		([option, about]: [string, Option]) =>
			`  ${flagOf(option, about).padEnd(24)}${about.explain}${about.default ? ` (${about.default})` : ''}`,
	)
	return [`Usage: npm run ${[name, '--', ...positionals, '[options]'].join(' ')}`, '', summary, '', ...lines].join('\n')
}

/** A mistake that the person at the terminal can correct. The terminal shows the message, in one line, and nothing else. */
export class CommandError extends Error {}

/** @returns undefined when the arguments ask for help @throws CommandError */
export function parseGiven({ positionals = [], options }: Command, args: string[]): Given | undefined {
	const known: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean' } }
	for (const [name, { type, default: standard }] of Object.entries(options))
		known[name] = standard === undefined ? { type } : { type, default: standard }
	let parsed: { values: Record<string, unknown>; positionals: string[] }
	try {
		parsed = parseArgs({ args, options: known, allowPositionals: true })
	} catch (error) {
		throw new CommandError((error as Error).message)
	}
	if (parsed.values.help) return undefined
	const needed = positionals.filter(name => !name.startsWith('['))
	if (parsed.positionals.length < needed.length) throw new CommandError(`${needed[parsed.positionals.length]} is missing`)
	if (parsed.positionals.length > positionals.length) throw new CommandError(`There is no use for "${parsed.positionals.at(-1)}"`)
	return givenOf(parsed.positionals, parsed.values)
}

/** Connects to the database of a node: `DATABASE_URL`, or the embedded PostgreSQL, which it starts unless a node runs it. */
export async function withDatabase<T>({ settings }: Context, work: (db: Db) => Promise<T>): Promise<T> {
	const embedded = settings.databaseUrl ? undefined : await reachEmbeddedPostgres(settings.dataDir)
	const url = settings.databaseUrl ?? (embedded?.url as string)
	const db = createDatabase({ url, poolSize: 2, applicationName: 'liveslot command', queryTimeoutMs: 0 })
	try {
		return await work(db)
	} finally {
		await db.destroy()
		await embedded?.stop()
	}
}

const flagOf = (name: string, { type, example }: Option) => `--${name}${type === 'string' ? ` ${example ?? 'TEXT'}` : ''}`

const givenOf = (positionals: string[], values: Record<string, unknown>): Given => {
	const text = (option: string) => values[option] as string | undefined
	return {
		arguments: positionals,
		text,
		isOn: option => values[option] === true,
		whole: (option, min, max) => {
			const given = text(option) ?? ''
			if (!/^\d{1,9}$/.test(given) || Number(given) < min || Number(given) > max)
				throw new CommandError(`--${option} must be a whole number from ${min} to ${max}`)
			return Number(given)
		},
	}
}
