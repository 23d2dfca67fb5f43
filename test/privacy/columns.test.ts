import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { useDatabase } from '../support/servers.ts'

/** Tables without anything about a person. Agenda creates its own when a node starts. */
const impersonal = [
	'appointment_slots',
	'archived_slots',
	'appointment_types',
	'calendar_announcements',
	'clinic',
	'closures',
	'dated_hours',
	'doctor_schedules',
	'migrations',
	'migrations_lock',
	'room_announcements',
	'schedule_plans',
	'sites',
]

/** Table and columns as the page about personal data names them. */
const described = (): Map<string, Set<string>> => {
	const page = readFileSync(new URL('../../docs/privacy.md', import.meta.url), 'utf8')
	const tables = new Map<string, Set<string>>()
	for (const [, table = '', columns = ''] of page.matchAll(/^\| `(\w+)` \| ((?:`\w+` ?)+)\|/gm)) {
		const known = tables.get(table) ?? new Set()
		tables.set(table, known)
		for (const [, column = ''] of columns.matchAll(/`(\w+)`/g)) known.add(column)
	}
	return tables
}

describe('the page about personal data', () => {
	const database = useDatabase()

	it('says for every column of the database what an erasure does with it', async () => {
		const { rows } = await database.db.raw(
			`SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND NOT (table_name = ANY (?))`,
			[impersonal],
		)
		const actual = (rows as { table_name: string; column_name: string }[]).map(row => `${row.table_name}.${row.column_name}`)
		const named = [...described()].flatMap(([table, columns]) => [...columns].map(column => `${table}.${column}`))
		expect(named.length).to.be.greaterThan(80)
		// Compares both sides, so that a failure shows only the missing names.
		expect({
			undescribed: actual.filter(each => !named.includes(each)),
			unknown: named.filter(each => !actual.includes(each)),
		}).to.deep.equal({ undescribed: [], unknown: [] }, 'docs/privacy.md, and server/privacy if it is personal')
	})
})
