import { verify } from '@node-rs/argon2'
import { expect } from 'chai'
import { seedDemoClinic } from '../../db/seeds/demo.ts'
import type { Db } from '../../server/platform/database/database.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createSchedules } from '../../server/schedule/schedule.ts'
import { useDatabase } from '../support/servers.ts'
import { overlapsIn } from './support.ts'

const config = { slotDaysAhead: 60 }

const rowsOf = async (db: Db, text: string): Promise<any[]> => (await db.raw(text)).rows
const count = async (db: Db, text: string): Promise<number> => Number((await rowsOf(db, `SELECT count(*) AS n FROM ${text}`))[0].n)

describe('the demo clinic', () => {
	const stores = useDatabase()

	before(async () => {
		const began = performance.now()
		// Several nodes may start at once on an empty database.
		await Promise.all([seedDemoClinic(stores.db, config), seedDemoClinic(stores.db, config), seedDemoClinic(stores.db, config)])
		console.log(`      seeded by one of three nodes in ${Math.round(performance.now() - began)} ms`)
	})

	it('has every promised account, with one password', async () => {
		const promised = ['admin', 'reception', 'doctor', 'patient', ...Array.from({ length: 19 }, (_, n) => `patient${n + 2}`)]
		const users = await stores.db('users').whereIn(
			'email',
			promised.map(name => `${name}@clinic.example`),
		)
		expect(users).to.have.length(promised.length)
		expect(new Set(users.map(user => user.status))).to.deep.equal(new Set(['active']))
		expect(Object.fromEntries(users.map(user => [user.email.split('@')[0], user.role]))).to.include({
			admin: 'admin',
			reception: 'receptionist',
			doctor: 'doctor',
			patient: 'patient',
			patient20: 'patient',
		})
		expect(await verify(users[0].password_hash, 'demo-clinic-2026')).to.equal(true)
		expect(await count(stores.db, `users u JOIN patients p ON p.id = u.id AND p.user_id = u.id WHERE u.role = 'patient'`)).to.equal(20)
		expect(await count(stores.db, `users WHERE email <> lower(email)`)).to.equal(0)
	})

	it('has doctors in several time zones, each with slots to book soon', async () => {
		const doctors = await rowsOf(
			stores.db,
			`SELECT d.time_zone, count(s.*)::int AS free FROM doctors d
			LEFT JOIN appointment_slots s ON s.doctor_id = d.id AND NOT s.is_booked AND s.starts_at BETWEEN now() AND now() + interval '7 days'
			GROUP BY d.id`,
		)
		expect(doctors).to.have.length.at.least(8)
		expect(new Set(doctors.map(doctor => doctor.time_zone)).size).to.equal(3)
		for (const { free } of doctors) expect(free).to.be.above(5)
	})

	it('is one practice at three sites, with doctors and kinds of appointment that say what they are', async () => {
		expect(await stores.db('clinic').first()).to.include({ name: 'Meridian Group Practice', time_zone: 'Europe/Berlin' })
		const sites = await stores.db('sites').orderBy('id')
		expect(sites.map(site => [site.name, site.time_zone])).to.deep.equal([
			['Berlin Mitte', 'Europe/Berlin'],
			['New York Chelsea', 'America/New_York'],
			['Kolkata Park Street', 'Asia/Kolkata'],
		])
		expect(await count(stores.db, `doctors WHERE bio IS NULL OR languages IS NULL OR specialty_code IS NULL`)).to.equal(0)
		const types = await stores.db('appointment_types').orderBy('position')
		expect(types.map(({ name }) => name)).to.deep.equal([
			'Consultation',
			'Check-up',
			'Vaccination',
			'Long consultation',
			'Skin screening',
			'Emergency',
		])
		expect(await count(stores.db, 'doctor_types')).to.equal(1)
		expect(await count(stores.db, 'doctors WHERE title IS NULL OR photo IS NULL')).to.equal(0)
		expect(await count(stores.db, 'clinic WHERE logo IS NOT NULL AND accent IS NOT NULL')).to.equal(1)
		expect(await count(stores.db, 'closures')).to.equal(2)
	})

	it('has a history that looks like a clinic’s', async () => {
		const [{ earliest, all, completed, missed, cancelled }] = await rowsOf(
			stores.db,
			`SELECT min(starts_at) AS earliest, count(*)::int AS all, count(*) FILTER (WHERE status = 'completed')::int AS completed,
				count(*) FILTER (WHERE status = 'no_show')::int AS missed, count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled
			FROM appointments WHERE starts_at < now()`,
		)
		expect(Date.now() - earliest.getTime()).to.be.above(100 * 86_400_000)
		expect(completed / all).to.be.within(0.75, 0.85)
		expect(missed / all).to.be.within(0.04, 0.1)
		expect(cancelled / all).to.be.within(0.1, 0.17)
		for (const { share } of await rowsOf(
			stores.db,
			`SELECT avg(is_booked::int)::float8 AS share FROM appointment_slots WHERE starts_at < now() GROUP BY doctor_id`,
		)) {
			expect(share).to.be.within(0.5, 0.85)
		}
	})

	it('leaves the demo patients free, but for two visits of the first', async () => {
		const coming = await rowsOf(
			stores.db,
			`SELECT p.email, a.starts_at FROM appointments a JOIN patients p ON p.id = a.patient_id
			WHERE a.starts_at > now() AND a.status = 'booked' AND p.user_id IS NOT NULL`,
		)
		expect(coming.map(({ email }) => email)).to.deep.equal(['patient@clinic.example', 'patient@clinic.example'])
		const past = `appointments a JOIN patients p ON p.id = a.patient_id WHERE p.email = 'patient@clinic.example' AND a.starts_at < now()`
		expect(await count(stores.db, past)).to.be.within(2, 6)
		const [{ share }] = await rowsOf(
			stores.db,
			`SELECT avg(is_booked::int)::float8 AS share FROM appointment_slots s JOIN users u ON u.id = s.doctor_id
			WHERE u.email = 'doctor@clinic.example' AND starts_at > now()`,
		)
		expect(share).to.be.below(0.1)
	})

	it('keeps the rules that the server keeps', async () => {
		const wrong = {
			'linked to an appointment that is not for this slot': `appointment_slots s JOIN appointments a ON a.id = s.appointment_id
				WHERE a.doctor_id <> s.doctor_id OR s.starts_at <> ALL (a.slot_starts) OR a.status = 'cancelled'`,
			'active without its slot': `appointments a WHERE status <> 'cancelled' AND NOT EXISTS (
				SELECT FROM appointment_slots s WHERE s.appointment_id = a.id)`,
			'made after it began, or in the future': `appointments WHERE created_at > starts_at OR created_at > now() OR updated_at < created_at OR updated_at > now()`,
			'coming but not booked, or past but booked': `appointments WHERE (starts_at > now()) <> (status = 'booked')`,
		}
		for (const [what, text] of Object.entries(wrong)) expect(await count(stores.db, text), what).to.equal(0)
		for (const id of await stores.db('doctors').pluck('id')) {
			expect(overlapsIn(await stores.db('appointment_slots').where('doctor_id', id).orderBy('starts_at'))).to.deep.equal([])
		}
	})

	it('leaves the nightly generation nothing to do', async () => {
		const { generateAll } = createSchedules({
			db: stores.db,
			config,
			log: createLog('silent'),
			announcements: { write: async () => {}, tell: async () => {} },
		})
		expect(await generateAll()).to.deep.equal({ created: 0, removed: 0 })
	})

	it('is not seeded twice', async () => {
		const before = await count(stores.db, 'appointments')
		await seedDemoClinic(stores.db, config)
		expect(await count(stores.db, 'appointments')).to.equal(before)
	})
})
