import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { findingsIn, rules } from '../../server/operations/check/check.ts'
import { partsOf, toLine } from '../../server/operations/check/schema.ts'
import { createDatabase, type DbOrTx } from '../../server/platform/database/database.ts'
import { aClinic, anAppointment, type Clinic } from '../db/clinic.ts'
import { demoTemplate } from '../support/demo-node.ts'
import { freshStores, useDatabase } from '../support/servers.ts'
import { aCommand, linesOf } from './a-command.ts'

/** An appointment in a slot of its own, as a booking writes them. */
const aVisit = async (db: DbOrTx, clinic: Clinic, overrides: Parameters<typeof anAppointment>[1] = {}): Promise<string> => {
	const row = anAppointment(clinic, overrides)
	const [{ id }] = await db('appointments').insert(row).returning('id')
	await db('appointment_slots').insert({ doctor_id: row.doctor_id, starts_at: row.starts_at, ends_at: row.ends_at, appointment_id: id })
	return String(id)
}

const aReminder = (appointmentId: string, overrides: object = {}) => ({
	appointment_id: appointmentId,
	appointment_sequence: 0,
	channel: 'email',
	lead_minutes: 5,
	due_at: new Date(Date.UTC(2030, 0, 7)),
	...overrides,
})

const aRequest = (overrides: object) => ({
	requested_by: 1,
	idempotency_key: 'k',
	fingerprint: 'f',
	request_id: '00000000-0000-4000-8000-000000000000',
	...overrides,
})

type Breach = { rule: string; what: string; finding: RegExp; by: (db: DbOrTx, clinic: Clinic) => Promise<unknown> }

/** Each breach breaks one rule in a consistent database, after it drops the constraint that forbids it, if any. */
const breaches: Breach[] = [
	{
		rule: 'schema',
		what: 'a referee that was dropped',
		finding: /^constraint appointments\.appointments_doctor_overlap is missing$/,
		by: db => db.raw('ALTER TABLE appointments DROP CONSTRAINT appointments_doctor_overlap'),
	},
	{
		rule: 'schema',
		what: 'a constraint that is not validated',
		finding: /^constraint time_off\.time_off_check is CHECK .* NOT VALID, and should be CHECK/,
		by: db =>
			db.raw('ALTER TABLE time_off DROP CONSTRAINT time_off_check, ADD CONSTRAINT time_off_check CHECK (ends_at > starts_at) NOT VALID'),
	},
	{
		rule: 'schema',
		what: 'a referee that counts less than it should',
		finding: /^constraint appointments\.appointments_patient_overlap is EXCLUDE .*, and should be EXCLUDE/,
		by: db =>
			db.raw(`ALTER TABLE appointments DROP CONSTRAINT appointments_patient_overlap,
				ADD CONSTRAINT appointments_patient_overlap EXCLUDE USING gist (patient_id WITH =, during WITH &&) WHERE (status = 'booked')`),
	},
	{
		rule: 'schema',
		what: 'a migration that has not run',
		finding: /^migration \d+_add_slot_archive has not run$/,
		by: db => db('migrations').where('name', 'like', '%_add_slot_archive').delete(),
	},
	{
		rule: 'overlapping appointments',
		what: 'two visits of a doctor at once',
		finding: /^appointments \d+ and \d+ of doctor \d+ overlap$/,
		by: async (db, clinic) => {
			await db.raw('ALTER TABLE appointments DROP CONSTRAINT appointments_doctor_overlap')
			await aVisit(db, clinic, { fromMinute: 0, toMinute: 30 })
			await aVisit(db, clinic, { fromMinute: 15, toMinute: 45, patient_id: clinic.patientIds[1]! })
		},
	},
	{
		rule: 'overlapping appointments',
		what: 'two visits of a patient at once',
		finding: /^appointments \d+ and \d+ of patient \d+ overlap$/,
		by: async (db, clinic) => {
			await db.raw('ALTER TABLE appointments DROP CONSTRAINT appointments_patient_overlap')
			await aVisit(db, clinic)
			await aVisit(db, clinic, { doctor_id: clinic.doctorIds[1]! })
		},
	},
	{
		rule: 'slots of others',
		what: 'a slot that kept its cancelled appointment',
		finding: /^slot .* names appointment \d+, which is cancelled$/,
		by: (db, clinic) => aVisit(db, clinic, { status: 'cancelled' }),
	},
	{
		rule: 'slots of others',
		what: 'a slot that names an appointment at another time',
		finding: /which is at another time$/,
		by: async (db, clinic) => {
			const appointment_id = await aVisit(db, clinic)
			const { doctor_id, starts_at, ends_at } = anAppointment(clinic, { fromMinute: 60, toMinute: 90 })
			await db('appointment_slots').insert({ doctor_id, starts_at, ends_at, appointment_id })
		},
	},
	{
		rule: 'appointments without slots',
		what: 'an appointment whose slot is gone',
		finding: /^appointment \d+ has not its slot .* of doctor \d+$/,
		by: async (db, clinic) =>
			db('appointment_slots')
				.where('appointment_id', await aVisit(db, clinic))
				.delete(),
	},
	{
		rule: 'appointments without slots',
		what: 'an appointment that starts apart from its slots',
		finding: /^appointment \d+ does not start with the first of its slots$/,
		by: async (db, clinic) => {
			const id = await aVisit(db, clinic)
			await db('appointments')
				.where({ id })
				.update({ starts_at: db.raw(`starts_at + interval '5 minutes'`) })
		},
	},
	{
		rule: 'overlapping slots',
		what: 'two slots of a doctor at once, one of them archived',
		finding: /^slots .* and .* of doctor \d+ overlap$/,
		by: async (db, { doctorIds: [doctor_id] }) => {
			await db('appointment_slots').insert({ doctor_id, starts_at: '2020-01-01T10:00Z', ends_at: '2020-01-01T10:30Z' })
			await db('archived_slots').insert({ doctor_id, starts_at: '2020-01-01T10:15Z', ends_at: '2020-01-01T10:45Z', is_blocked: false })
		},
	},
	{
		rule: 'slots blocked wrongly',
		what: 'a slot that is open in time off',
		finding: /^slot .* of doctor \d+ is open, and time off covers it$/,
		by: async (db, { doctorIds: [doctor_id] }) => {
			await db('appointment_slots').insert({ doctor_id, starts_at: '2090-01-01T10:00Z', ends_at: '2090-01-01T10:30Z' })
			await db('time_off').insert({ doctor_id, starts_at: '2090-01-01T10:15Z', ends_at: '2090-01-02T00:00Z' })
		},
	},
	{
		rule: 'messages out of date',
		what: 'a reminder of a cancelled visit that is still due',
		finding: /^message \d+ \(email, reminder\) is due, and appointment \d+ is cancelled$/,
		by: async (db, clinic) => {
			const [{ id }] = await db('appointments')
				.insert(anAppointment(clinic, { status: 'cancelled' }))
				.returning('id')
			await db('notification_queue').insert(aReminder(id))
		},
	},
	{
		rule: 'messages out of date',
		what: 'a reminder of a visit as it was before it moved',
		finding: /is due, and appointment \d+ has changed since$/,
		by: async (db, clinic) => {
			const id = await aVisit(db, clinic)
			await db('notification_queue').insert(aReminder(id))
			await db('appointments').where({ id }).update({ sequence: 1 })
		},
	},
	{
		rule: 'outcomes without effect',
		what: 'a booking that was granted and is not there',
		finding: /^request .* was granted, and there is no appointment 999999$/,
		by: db => db('booking_requests').insert(aRequest({ appointment_id: 999_999 })),
	},
	{
		rule: 'outcomes without effect',
		what: 'a booking that was refused and is there',
		finding: /^request .* was refused \(slot_booked\), and made appointment \d+$/,
		by: async (db, clinic) => {
			await aVisit(db, clinic, { idempotency_key: 'k' })
			await db('booking_requests').insert(aRequest({ requested_by: clinic.bookedBy, refusal: 'slot_booked' }))
		},
	},
	{
		rule: 'accounts without files',
		what: 'a doctor without a calendar',
		finding: /^account \d+ is a doctor's and has no calendar$/,
		by: db => db('users').insert({ email: 'd@x.example', full_name: 'D', role: 'doctor', status: 'active' }),
	},
	{
		rule: 'accounts without files',
		what: 'a patient’s account without a file',
		finding: /^account \d+ is a patient's and has no file$/,
		by: db => db('users').insert({ email: 'p@x.example', full_name: 'P', role: 'patient', status: 'active' }),
	},
	{
		rule: 'orphans',
		what: 'an appointment of nobody',
		finding: /^1 rows of appointments refer by patient_id to \d+, which is not in patients$/,
		by: async (db, clinic) => {
			await aVisit(db, clinic)
			await db.raw('ALTER TABLE appointments DROP CONSTRAINT appointments_patient_id_fkey')
			await db('patients').where({ id: clinic.patientIds[0] }).delete()
		},
	},
	{
		rule: 'sequences',
		what: 'a sequence that is behind its table',
		finding: /^the sequence of appointment_types\.id is at \d+, behind 1000000$/,
		by: db => db('appointment_types').insert({ id: 1_000_000, name: 'put in by hand', minutes: 15 }),
	},
]

describe('check:database', () => {
	const database = useDatabase()

	it('finds nothing in a new database, or in a clinic that has worked for months', async () => {
		expect(await findingsIn(database.db)).to.deep.equal([])
		const { databaseUrl, drop } = await freshStores(await demoTemplate())
		const { code, output } = await aCommand(['check:database'], { DATABASE_URL: databaseUrl })
		await drop()
		expect({ code, output }).to.deep.equal({ code: 0, output: 'The database is consistent\n' })
	})

	it('knows the schema that the migrations make (npm run record:schema)', async () => {
		const recorded = readFileSync(new URL('../../server/operations/check/schema.txt', import.meta.url), 'utf8')
		expect(linesOf(recorded)).to.deep.equal((await partsOf(database.db)).map(toLine))
	})

	it('is tested with a breach of every rule', () => {
		expect([...new Set(breaches.map(({ rule }) => rule))]).to.have.members(Object.keys(rules))
	})

	it('prints each finding in a line of its own, and exits with 1', async () => {
		const { databaseUrl, drop } = await freshStores()
		const db = createDatabase({ url: databaseUrl, poolSize: 1 })
		await db.raw('ALTER TABLE time_off DROP CONSTRAINT time_off_check')
		await db.raw('DROP INDEX patients_by_name')
		await db.destroy()
		const { code, output } = await aCommand(['check:database'], { DATABASE_URL: databaseUrl })
		await drop()
		expect(code).to.equal(1)
		expect(linesOf(output)).to.deep.equal([
			'schema: constraint time_off.time_off_check is missing',
			'schema: index patients.patients_by_name is missing',
		])
	})

	for (const { rule, what, finding, by } of breaches) {
		it(`finds ${what}`, async () => {
			// Never commits, so that the breach is undone.
			await database.db
				.transaction(async trx => {
					const clinic = await aClinic(trx, { doctors: 2, patients: 2 })
					expect(await rules[rule]!(trx)).to.deep.equal([])
					await by(trx, clinic)
					const found = await rules[rule]!(trx)
					expect(found).to.have.lengthOf(1)
					expect(found[0]).to.match(finding)
					throw new Error('enough')
				})
				.catch((error: Error) => {
					if (error.message !== 'enough') throw error
				})
		})
	}
})
