import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { type Db, migrate, migrationSource, type Tx } from '../../server/platform/database/database.ts'
import { book } from '../booking/desk.ts'
import { someSlots } from '../support/calendar.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { useDatabase } from '../support/servers.ts'
import { breaksIn, shapeOf } from './additions.ts'
import { isServed } from './served.ts'

const previous = readFileSync(new URL('./previous-statements.txt', import.meta.url), 'utf8')
	.trimEnd()
	.split('\n')
	.slice(1)

/** Runs the work in a transaction, and rolls it back. */
const tried = <T>(db: Db, work: (trx: Tx) => Promise<T>): Promise<T> =>
	new Promise((resolve, reject) => {
		db.transaction(async trx => {
			resolve(await work(trx))
			throw new Error('that was all')
		}).catch(reject)
	})

describe('an upgrade while the previous version is still running', () => {
	const database = useDatabase()

	it('keeps a schema that serves every statement of that version', async () => {
		expect(previous).to.have.length.above(150)
		const refused: string[] = []
		for (const statement of previous) if (!(await isServed(database.db, statement))) refused.push(statement)
		expect(refused).to.deep.equal([])
	})

	for (const change of [
		'DROP COLUMN confirmed_at CASCADE',
		'RENAME COLUMN slot_starts TO slots',
		'ALTER COLUMN status TYPE bytea USING NULL',
	])
		it(`fails this test when it breaks that version: ALTER TABLE appointments ${change}`, async () => {
			const refused = await tried(database.db, async trx => {
				await trx.raw(`ALTER TABLE appointments DROP CONSTRAINT appointments_doctor_overlap, DROP CONSTRAINT appointments_patient_overlap,
					DROP CONSTRAINT appointments_status_check, ALTER COLUMN status DROP DEFAULT`)
				await trx.raw('DROP TRIGGER visit_advances ON appointments; DROP TRIGGER visit_arrives ON appointments')
				await trx.raw(`ALTER TABLE appointments ${change}`)
				const settle = previous.find(statement => statement.includes('UPDATE appointments a SET')) as string
				return !(await isServed(trx, settle))
			})
			expect(refused).to.equal(true)
		})

	it('consists of migrations that only add, or say how the previous version survives them', async () => {
		const { db } = database
		await db.migrate.rollback(undefined, true)
		const source = migrationSource()
		for (const file of await source.getMigrations([])) {
			const { survives = {} } = (await source.getMigration(file)) as { survives?: Record<string, string> }
			const before = await shapeOf(db)
			await db.migrate.up()
			const breaks = breaksIn(before, await shapeOf(db))
			expect(breaks, `what ${file} has to give reasons for`).to.deep.equal(Object.keys(survives).sort())
			for (const reason of Object.values(survives)) expect(reason).to.match(/\w+ \w+/)
		}
	})

	const changes = {
		'ALTER TABLE patients DROP COLUMN phone CASCADE': ['column patients.phone is gone', 'column patients.phone_digits is gone'],
		'ALTER TABLE patients ALTER COLUMN email TYPE varchar(120)': ['column patients.email is another type'],
		'ALTER TABLE patients ALTER COLUMN email SET NOT NULL': ['column patients.email has become required'],
		'ALTER TABLE patients ALTER COLUMN language DROP DEFAULT': ['column patients.language has become required'],
		'ALTER TABLE patients ADD COLUMN ward text NOT NULL': ['column patients.ward is required'],
		'ALTER TABLE patients ADD CHECK (length(full_name) < 100)': ['constraint patients.patients_full_name_check is new or different'],
		'CREATE UNIQUE INDEX only_one ON patients (email)': ['index patients.only_one is new or different'],
		'DROP FUNCTION expect_count': ['function expect_count is gone or different'],
		'ALTER TABLE patients ADD COLUMN ward text, ADD COLUMN bed int NOT NULL DEFAULT 1': [],
		'CREATE TABLE wards (id bigint PRIMARY KEY, name text NOT NULL UNIQUE)': [],
		'CREATE INDEX by_language ON patients (language)': [],
		'ALTER TABLE time_off DROP CONSTRAINT time_off_check': [],
	}
	for (const [change, breaks] of Object.entries<string[]>(changes))
		it(`${breaks.length === 0 ? 'counts as an addition' : 'counts as a break'}: ${change}`, async () => {
			const found = await tried(database.db, async trx => {
				const before = await shapeOf(trx)
				await trx.raw(change)
				return breaksIn(before, await shapeOf(trx))
			})
			expect(found.filter(each => !each.startsWith('index') || breaks.includes(each))).to.deep.equal(breaks)
		})
})

describe('a node of the previous version', () => {
	const node = useNode()

	/** A migration of the next version, with additions that the node does not know. */
	const next = {
		...migrationSource(),
		getMigrations: async () => [...(await migrationSource().getMigrations([])), '209901010000_add_wards.ts'],
		getMigration: async (file: string) =>
			file.startsWith('2099')
				? {
						up: (trx: Db) =>
							trx.raw(
								'CREATE TABLE wards (id bigint PRIMARY KEY); ALTER TABLE appointments ADD COLUMN ward_id bigint REFERENCES wards (id)',
							),
						down: (trx: Db) => trx.raw('ALTER TABLE appointments DROP COLUMN ward_id; DROP TABLE wards'),
					}
				: migrationSource().getMigration(file),
	}

	it('keeps booking while the next version’s migrations run, and restarts on their schema', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const slots = await someSlots(node, doctor.id, { count: 60, minutes: 10 })
		let isMigrated = false
		let after = 0
		const codes = new Set<number>()
		const load = (async () => {
			for (const slot of slots) {
				codes.add((await book(node, patient, slot)).status)
				if (isMigrated) after++
			}
		})()
		while (codes.size === 0) await new Promise(resolve => setTimeout(resolve, 5))
		const [, names] = await node.db.migrate.latest({ migrationSource: next })
		isMigrated = true
		expect(names).to.deep.equal(['209901010000_add_wards'])
		await load
		expect([...codes]).to.deep.equal([201])
		expect(after).to.be.above(0)
		expect(await migrate(node.db)).to.deep.equal([])
	})
})
