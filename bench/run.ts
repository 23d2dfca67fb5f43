import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchmarks } from './all.ts'
import type { Row } from './support/measure.ts'
import { asJson, chart, type Machine, table } from './support/report.ts'
import { startStores } from './support/stores.ts'

// npm run bench -- [name...] [--rounds N] [--short] [--keep]
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { rounds: { type: 'string' }, short: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } },
})
const short = values.short
const rounds = Number(values.rounds ?? (short ? 2 : 5))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number above 0')
const unknown = positionals.filter(name => !benchmarks.some(each => each.name === name))
if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown}; there are ${benchmarks.map(each => each.name).join(', ')}`)
const chosen = positionals.length > 0 ? benchmarks.filter(each => positionals.includes(each.name)) : benchmarks

const say = (line: string) => void process.stdout.write(`${line}\n`)
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const machine = (): Machine => ({
	cpus: cpus().length,
	model: cpus()[0]?.model ?? '',
	loadAverage: loadavg().map(each => Math.round(each * 100) / 100),
	node: process.version,
	at: new Date().toISOString(),
})

/** A run of some benchmarks replaces their rows, and keeps the rows of the others. */
const earlierRows = (path: string): Row[] => {
	try {
		return JSON.parse(readFileSync(path, 'utf8')).rows
	} catch {
		return []
	}
}

const began = machine()
const rows: Row[] = []
let failed = false
const stores = await startStores()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stores.stop().finally(() => process.exit(130)))
try {
	for (const { name, run } of chosen) {
		say(`${name} (load average ${machine().loadAverage.join(' ')})`)
		try {
			const found = await run({ stores, rounds, short, say: line => say(`  ${line}`) })
			say(`${table(found)}\n`)
			rows.push(...found)
		} catch (error) {
			failed = true
			say(`  ${name} failed: ${(error as Error).stack}\n`)
		}
	}
} finally {
	await stores.stop()
}

say(table(rows))
// Short runs are too inaccurate for the table.
if (!short || values.keep) {
	const results = file('./results.json')
	// After a run of all benchmarks, rows of earlier runs belong to benchmarks that no longer exist.
	const kept = chosen === benchmarks ? [] : earlierRows(results).filter(old => !rows.some(row => row.name === old.name))
	const all = [...kept, ...rows]
	writeFileSync(results, asJson(all, began))
	mkdirSync(file('../docs/pictures'), { recursive: true })
	writeFileSync(file('../docs/pictures/bench.svg'), chart(all))
	say('\nwritten: bench/results.json, docs/pictures/bench.svg')
}
process.exit(failed ? 1 : 0)
