// Records the SQL that this version sends. The next version's test checks that its schema still serves this one
// (test/db/upgrade.test.ts). Run this once, when a version is released: npm run record:statements
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDatabase } from '../server/platform/database/database.ts'
import { isServed } from '../test/db/served.ts'
import { freshStores, startServers, stopServers } from '../test/support/servers.ts'

const root = new URL('..', import.meta.url)
const domains = ['analytics', 'booking', 'identity', 'operations', 'patients', 'reminders', 'schedule', 'slots']

/** Puts each statement in one line, without comments. */
const inOneLine = (text: string) => text.replace(/--.*$/gm, ' ').replace(/\s+/g, ' ').trim()

/** Makes statements equal that differ only in the length of a list: recording one of them is enough. */
const kindOf = (line: string) => line.replace(/\((\$\d+(, )?)+\)(, \((\$\d+(, )?)+\))*/g, '($)').replace(/\$\d+/g, '$')

const run = (): string[] => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-statements-'))
	const file = path.join(directory, 'statements.json')
	const mocha = ['node_modules/mocha/bin/mocha.js', '--no-parallel', '--require', 'scripts/statement-recorder.ts']
	const { status } = spawnSync(process.execPath, [...mocha, ...domains.map(domain => `test/${domain}/**/*.test.ts`)], {
		cwd: root,
		env: { ...process.env, RECORD_TO: file },
		stdio: ['ignore', 'inherit', 'inherit'],
	})
	if (status !== 0) throw new Error('only what passes its tests is worth recording')
	const seen: string[] = JSON.parse(readFileSync(file, 'utf8'))
	rmSync(directory, { recursive: true })
	return seen.map(inOneLine)
}

const shortestOfEachKind = (lines: string[]): string[] => {
	const kinds = new Map<string, string>()
	for (const line of lines.toSorted((a, b) => a.length - b.length)) if (!kinds.has(kindOf(line))) kinds.set(kindOf(line), line)
	return [...kinds.values()].sort()
}

/** Whether the text is one statement that keeps the schema. Of several only the first would be prepared; the others would run. */
const isPreparable = (line: string) => /^(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(line) && !line.includes(';')

const lines = shortestOfEachKind(run().filter(isPreparable))

await startServers()
const { databaseUrl } = await freshStores()
const db = createDatabase({ url: databaseUrl, poolSize: 1 })
const served: string[] = []
// Leaves out statements that are meant to fail, or read tables of the job runner.
for (const line of lines) if (await isServed(db, line)) served.push(line)
await db.destroy()
await stopServers()

const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
writeFileSync(new URL('test/db/previous-statements.txt', root), `# What version ${version} sends\n${served.join('\n')}\n`)
console.log(`${served.length} statements of version ${version}`)
