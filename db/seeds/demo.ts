import { readFileSync } from 'node:fs'
import { hash } from '@node-rs/argon2'
import { readPicture } from '../../server/clinic/pictures.ts'
import type { Config } from '../../server/config.ts'
import { type Db, type DbOrTx, inTransaction, readSql, type Tx } from '../../server/platform/database/database.ts'
import { generateSlots } from '../../server/schedule/generate.ts'
import { callers, doctors, patients, staff } from './demo-people.ts'
import { clinic, closuresAfter, sites, types } from './demo-practice.ts'

const password = 'demo-clinic-2026'
/** OWASP's parameters, the same as in server/identity/secrets.ts. */
const argon2id = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The same on every node, so that of nodes that start together only one seeds. */
const advisoryLock = 7_203_456_001

/** Fills an empty database with the demo clinic. Does nothing in a database with users. */
export async function seedDemoClinic(db: Db, config: Pick<Config, 'slotDaysAhead'>): Promise<void> {
	if (await hasUsers(db)) return
	const passwordHash = await hash(password, argon2id)
	const seeded = await inTransaction(db, async trx => {
		await trx.raw('SELECT pg_advisory_xact_lock(?)', [advisoryLock])
		if (await hasUsers(trx)) return false
		await seed(trx, passwordHash, config.slotDaysAhead)
		return true
	})
	// The first queries come before autovacuum updates the statistics.
	if (seeded) await db.raw('ANALYZE')
}

const hasUsers = async (db: DbOrTx): Promise<boolean> => (await db('users').first('id')) !== undefined

/** Faces of no real people, and a logo, drawn by scripts/draw-faces.ts. */
async function hangPictures(trx: Tx): Promise<void> {
	const picture = (name: string) => readPicture(readFileSync(new URL(`./faces/${name}`, import.meta.url)))
	const logo = picture('logo.png')
	await trx('clinic').update({ logo: logo.bytes, logo_type: logo.type, logo_version: logo.version })
	for (const { email } of doctors) {
		const { bytes, type, version } = picture(`${email.split('@')[0]}.webp`)
		const id = trx('users').where({ email }).select('id')
		await trx('doctors').where('id', id).update({ photo: bytes, photo_type: type, photo_version: version })
	}
}

const historyDays = 120

const setUpPractice = readSql('./demo_clinic.sql', import.meta.url)
const insertPeople = readSql('./demo_people.sql', import.meta.url)
const bookHistory = readSql('./demo_history.sql', import.meta.url)
const bookForPatient = readSql('./demo_patient.sql', import.meta.url)

async function seed(trx: Tx, passwordHash: string, slotDaysAhead: number): Promise<void> {
	await trx.raw(setUpPractice, { clinic: JSON.stringify(clinic), sites: JSON.stringify(sites), types: JSON.stringify(types) })
	await trx.raw(insertPeople, {
		passwordHash,
		staff: JSON.stringify(staff),
		doctors: JSON.stringify(doctors),
		patients: JSON.stringify(patients),
		callers: JSON.stringify(callers),
	})
	await hangPictures(trx)
	for (const { site, day, name } of closuresAfter(new Date()))
		await trx('closures').insert({ site_id: site && trx('sites').where({ name: site }).select('id'), first_day: day, last_day: day, name })
	for (const { name, specialty } of types)
		if (specialty)
			await trx.raw(
				`INSERT INTO doctor_types (type_id, doctor_id)
				SELECT t.id, d.id FROM appointment_types t JOIN doctors d ON d.specialty = ? WHERE t.name = ?`,
				[specialty, name],
			)
	const doctorIds: string[] = await trx('doctors').orderBy('id').pluck('id')
	// Generates slots as if the nightly job had run since the clinic opened. The past has a pass of its own, because a count of days
	// from the opening's date does not end on the same date as a count from today where clocks have changed since.
	const opened = new Date(Date.now() - historyDays * 86_400_000)
	await generateSlots(trx, { doctorIds, days: historyDays, now: opened })
	await generateSlots(trx, { doctorIds, days: slotDaysAhead })
	// The seed makes every demo clinic the same.
	await trx.raw('SELECT setseed(0.2026)')
	await trx.raw(bookHistory)
	await trx.raw(bookForPatient)
}
