import { expect } from 'chai'
import { findingsIn } from '../../server/operations/check/check.ts'
import { createDatabase } from '../../server/platform/database/database.ts'
import { setStatus } from '../booking/desk.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist } from '../support/people.ts'
import { freshStores } from '../support/servers.ts'
import { aCommand } from './a-command.ts'

const daysAgo = (days: number) => new Date(Math.floor(Date.now() / 86_400_000 - days) * 86_400_000)

describe('archive', () => {
	const node = useNode()

	const run = (...options: string[]) => aCommand(['archive', ...options], { DATABASE_URL: node.databaseUrl })
	const count = async (table: string, doctorId: string) =>
		Number((await node.db(table).where({ doctor_id: doctorId }).count('* as n').first())?.n)

	/** A visit of long ago in its slot. */
	const aPastVisit = async (doctorId: string, patientId: string, bookedBy: string, startsAt: Date, status: string) => {
		const [{ id }] = await node
			.db('appointments')
			.insert({
				...{ doctor_id: doctorId, patient_id: patientId, type_id: 1, booked_by: bookedBy, idempotency_key: startsAt.toISOString() },
				...{ starts_at: startsAt, ends_at: new Date(startsAt.getTime() + 1_800_000), slot_starts: [startsAt], status },
			})
			.returning('id')
		await node.db('appointment_slots').where({ doctor_id: doctorId, starts_at: startsAt }).update({ appointment_id: id })
		return String(id)
	}

	it('moves slots that ended long ago, free and booked, in batches, and keeps appointments, figures and later slots', async () => {
		const [doctor, patient, desk, admin] = [await aDoctor(node), await aPatient(node), await aReceptionist(node), await anAdmin(node)]
		const [old, recent] = [daysAgo(200), daysAgo(30)]
		await someSlots(node, doctor.id, { count: 2500, minutes: 5, from: daysAgo(150) })
		await someSlots(node, doctor.id, { count: 10, from: old })
		await someSlots(node, doctor.id, { count: 10, from: recent })
		await someSlots(node, doctor.id, { count: 10 })
		const kept = await aPastVisit(doctor.id, patient.id, desk.id, old, 'completed')
		const open = await aPastVisit(doctor.id, patient.id, desk.id, new Date(old.getTime() + 1_800_000), 'booked')
		const figures = async () => {
			const day = old.toISOString().slice(0, 10)
			return (await call(node, 'GET', `/admin/analytics?from=${day}&to=${day}&doctorId=${doctor.id}`, { token: admin.token })).body.totals
		}
		const before = await figures()
		expect(before).to.include({ slots: 10, bookedSlots: 2 })

		const { code, output } = await run()
		expect({ code, output }).to.deep.equal({ code: 0, output: '2510 slots that ended more than 90 days ago are in the archive\n' })
		expect([await count('appointment_slots', doctor.id), await count('archived_slots', doctor.id)]).to.deep.equal([20, 2510])
		expect(await figures()).to.deep.equal(before)
		expect(await node.db('archived_slots').where({ appointment_id: kept }).first()).to.deep.include({ starts_at: old })
		expect((await run()).output).to.match(/^0 slots/)

		// A status can still be corrected when the slots are in the archive.
		expect((await setStatus(node, desk, open, 'no_show')).status).to.equal(200)
		expect(await findingsIn(node.db)).to.deep.equal([])
	})

	it('neither waits nor blocks: leaves slots that a transaction has locked for the next run', async () => {
		const doctor = await aDoctor(node)
		await someSlots(node, doctor.id, { count: 3, from: daysAgo(100) })
		const other = createDatabase({ url: node.databaseUrl, poolSize: 1 })
		await other.transaction(async trx => {
			await trx('appointment_slots').where({ doctor_id: doctor.id }).orderBy('starts_at').limit(1).forUpdate()
			await run()
			expect(await count('appointment_slots', doctor.id)).to.equal(1)
		})
		await other.destroy()
		await run('--days', '99')
		expect(await count('appointment_slots', doctor.id)).to.equal(0)
	})

	it('refuses a database whose migrations have not run', async () => {
		const { databaseUrl, drop } = await freshStores()
		const db = createDatabase({ url: databaseUrl, poolSize: 1 })
		await db('migrations').where('name', 'like', '%_add_slot_archive').delete()
		await db.destroy()
		const { code, errors } = await aCommand(['archive'], { DATABASE_URL: databaseUrl })
		await drop()
		expect(code).to.equal(1)
		expect(errors).to.match(/has not run: bring the database up to date first/)
	})
})
