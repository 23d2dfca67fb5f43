import { expect } from 'chai'
import { useDatabase } from '../support/servers.ts'

describe('a clinic of the version before sites', () => {
	const database = useDatabase()
	const newest = '202611302200_add_clinic'

	const migrateDown = async () => {
		for (;;) {
			const [done] = await database.db.migrate.list()
			if (!done.some(({ name }: { name: string }) => name === newest)) return
			await database.db.migrate.down()
		}
	}
	const doctorsIn = async (zones: Record<string, number>) => {
		const { db } = database
		for (const [zone, count] of Object.entries(zones))
			for (let n = 0; n < count; n++) {
				const account = { email: `${zone}-${n}@example.com`.toLowerCase(), full_name: 'A doctor', role: 'doctor', status: 'active' }
				const [{ id }] = await db('users').insert(account).returning('id')
				await db('doctors').insert({ id, specialty: 'General practice', time_zone: zone })
				await db('doctor_schedules').insert({ doctor_id: id, slot_minutes: 30, weekly: '[{"weekday":1,"start":"09:00","end":"10:00"}]' })
			}
	}

	it('gets a site for each time zone of its doctors, that of most of them first, and each doctor a plan there', async () => {
		const { db } = database
		await migrateDown()
		await doctorsIn({ 'America/New_York': 1, 'Europe/Berlin': 3, 'America/Argentina/Buenos_Aires': 2 })
		await db.migrate.latest()
		expect(await db('clinic').select('name', 'time_zone', 'updated_at')).to.deep.equal([
			{ name: 'Liveslot', time_zone: 'Europe/Berlin', updated_at: null },
		])
		const sites = await db('sites').orderBy('id')
		expect(sites.map(site => [site.name, site.time_zone])).to.deep.equal([
			['Berlin', 'Europe/Berlin'],
			['Buenos Aires', 'America/Argentina/Buenos_Aires'],
			['New York', 'America/New_York'],
		])
		const { rows } = await db.raw(
			`SELECT count(*)::integer AS plans FROM schedule_plans p JOIN sites s ON s.id = p.site_id JOIN doctors d ON d.id = p.doctor_id
			WHERE d.time_zone = s.time_zone`,
		)
		expect(rows).to.deep.equal([{ plans: 6 }])
	})

	it('has one site where it has no doctors', async () => {
		const { db } = database
		await migrateDown()
		await db.raw('TRUNCATE users CASCADE')
		await db.migrate.latest()
		expect((await db('sites')).map(site => [site.name, site.time_zone])).to.deep.equal([['Main site', 'UTC']])
		expect((await db('clinic').first()).time_zone).to.equal('UTC')
	})
})
