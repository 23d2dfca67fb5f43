import { expect } from 'chai'
import { inTransaction } from '../../server/platform/database/database.ts'
import { generateSlots } from '../../server/schedule/generate.ts'
import { anAppointment, aPlan, aScheduledDoctor, everyDay } from '../schedule/support.ts'
import { useDatabase } from '../support/servers.ts'

const planned = '202611302210_add_plans.ts'

describe('schedules of the version before', () => {
	const database = useDatabase()

	/** As a node of that version writes them. */
	const write = (doctorId: string, fields: object = {}) =>
		database
			.db('doctor_schedules')
			.insert({ doctor_id: doctorId, slot_minutes: 20, weekly: JSON.stringify(everyDay('10:00', '12:00')), ...fields })
			.onConflict('doctor_id')
			.merge()
	const plansOf = (doctorId: string) =>
		database
			.db('schedule_plans as p')
			.join('sites as s', 's.id', 'p.site_id')
			.where('doctor_id', doctorId)
			.orderBy('valid_from')
			.select('slot_minutes', 'valid_from', 'valid_until', database.db.raw('coalesce(p.time_zone, s.time_zone) AS zone'))
	const oldRow = (doctorId: string) => database.db('doctor_schedules').where('doctor_id', doctorId).first()

	it('become plans, in the doctor’s zone, also when they change again, and stay for that version to read', async () => {
		const doctorId = await aScheduledDoctor(database.db, { timeZone: 'Asia/Kolkata' })
		await database.db('schedule_plans').where('doctor_id', doctorId).delete()
		await write(doctorId)
		await write(doctorId, { slot_minutes: 40, valid_from: '2027-01-01' })
		await database.db('doctors').where('id', doctorId).update({ time_zone: 'America/New_York' })
		expect(await plansOf(doctorId)).to.deep.equal([
			{ slot_minutes: 40, valid_from: '2027-01-01', valid_until: null, zone: 'America/New_York' },
		])
		expect(await oldRow(doctorId)).to.include({ slot_minutes: 40 })
	})

	it('go when the hours of their doctor become more than that version understands', async () => {
		const changes = {
			plans: (doctorId: string) => aPlan(database.db, doctorId, { timeZone: 'UTC', slotMinutes: 30, weekly: [], validFrom: '2030-01-01' }),
			'hours of a day': (doctorId: string) =>
				database
					.db('dated_hours')
					.insert({ doctor_id: doctorId, day: '2030-01-01', ranges: '[]', slot_minutes: 30, site_id: database.db('sites').min('id') }),
			closures: () => database.db('closures').insert({ first_day: '2030-01-01', last_day: '2030-01-01', name: 'Closed' }),
		}
		for (const [what, change] of Object.entries(changes)) {
			const doctorId = await aScheduledDoctor(database.db)
			await database.db('schedule_plans').where('doctor_id', doctorId).delete()
			await write(doctorId, { valid_until: '2029-12-31' })
			await change(doctorId)
			expect(await oldRow(doctorId), what).to.equal(undefined)
		}
	})

	it('change the plan in force where there are several', async () => {
		const doctorId = await aScheduledDoctor(database.db, { validUntil: '2099-12-31' })
		await aPlan(database.db, doctorId, { timeZone: 'UTC', slotMinutes: 60, weekly: [], validFrom: '2100-01-01' })
		await write(doctorId)
		expect((await plansOf(doctorId)).map(plan => plan.slot_minutes)).to.deep.equal([20, 60])
		expect(await oldRow(doctorId)).to.equal(undefined)
	})

	it('keep their slots, visits and zones when the database is brought up to date, and when it goes back', async () => {
		const { db } = database
		const doctorIds: string[] = []
		while ((await db('migrations').where('name', planned.replace('.ts', ''))).length > 0) await db.migrate.down()
		for (const timeZone of ['Europe/Berlin', 'Asia/Kolkata', 'Europe/Berlin']) {
			const [{ id }] = await db('users')
				.insert({ email: `doctor${doctorIds.length}@example.com`, full_name: 'A', role: 'doctor', status: 'active' })
				.returning('id')
			await db('doctors').insert({ id, specialty: 'Hearts', time_zone: timeZone })
			await write(id)
			doctorIds.push(String(id))
		}
		const starts = new Date('2090-01-02T04:30:00Z')
		await db('appointment_slots').insert({ doctor_id: doctorIds[1], starts_at: starts, ends_at: new Date(starts.getTime() + 1_200_000) })
		const before = await db('appointment_slots').where('doctor_id', doctorIds[1])
		await db.migrate.latest()
		for (const [index, zone] of ['Europe/Berlin', 'Asia/Kolkata', 'Europe/Berlin'].entries())
			expect(await plansOf(doctorIds[index] as string)).to.deep.equal([
				{ slot_minutes: 20, valid_from: '1900-01-01', valid_until: null, zone },
			])
		const [slot] = await db('appointment_slots').where('doctor_id', doctorIds[1])
		expect(slot).to.include({ is_leftover: false, is_blocked: false })
		expect(slot).to.deep.include(before[0])
		const visit = await anAppointment(db, { doctorId: doctorIds[1] as string, startsAt: starts, endsAt: slot.ends_at })
		const now = new Date('2090-01-01T00:00:00Z')
		const [generated] = await inTransaction(db, trx => generateSlots(trx, { doctorIds: [doctorIds[1] as string], days: 1, now }))
		expect(generated).to.include({ removed: 0, marked: 0 })
		expect((await db('appointment_slots').where('appointment_id', visit)).length).to.equal(1)
		while ((await db('migrations').where('name', planned.replace('.ts', ''))).length > 0) await db.migrate.down()
		expect(await oldRow(doctorIds[1] as string)).to.include({ slot_minutes: 20, valid_from: null })
		await db.migrate.latest()
	})
})
