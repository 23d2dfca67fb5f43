import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { anAppointment, everyDay, slotsOf } from './support.ts'

const dayMs = 86_400_000
const in3Days = Math.floor(Date.now() / dayMs + 3) * dayMs

describe('a doctor’s schedule', () => {
	const node = useNode({ SLOT_DAYS_AHEAD: '4' })
	let doctor: Person
	let admin: Person

	const hours = { timeZone: 'UTC', slotMinutes: 30, weekly: everyDay('09:00', '12:00') }
	const get = (token?: string) => call(node, 'GET', `/doctors/${doctor.id}/schedule`, token ? { token } : {})
	const put = (body: object, token = doctor.token, id = doctor.id) => call(node, 'PUT', `/doctors/${id}/schedule`, { token, body })
	const generate = (body?: object, token = doctor.token, id = doctor.id) =>
		call(node, 'POST', `/doctors/${id}/slots/generate`, { token, body })

	before(async () => {
		admin = await anAdmin(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'Europe/Berlin' })
	})

	it('is empty until it is set', async () => {
		expect((await get()).body).to.deep.equal({ doctorId: doctor.id, timeZone: 'Europe/Berlin', slotMinutes: 30, weekly: [] })
	})

	it('is replaced as a whole, with its time zone, and creates no slots by itself', async () => {
		const wanted = { ...hours, timeZone: 'Asia/Kolkata', validFrom: '2026-01-01', validUntil: null }
		const answer = await put(wanted)
		expect(answer.status).to.equal(200)
		expect(answer.body).to.deep.equal({ doctorId: doctor.id, ...wanted, conflicts: [] })
		const { conflicts, ...stored } = answer.body
		expect((await get()).body).to.deep.equal(stored)
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body.timeZone).to.equal('Asia/Kolkata')
		expect(await slotsOf(node.db, doctor.id)).to.deep.equal([])
		await put(hours)
		expect((await get()).body).to.include({ timeZone: 'UTC', validFrom: null })
	})

	it('returns the appointments that no longer fit', async () => {
		await put(hours)
		await generate()
		const kept = await anAppointment(node.db, {
			doctorId: doctor.id,
			startsAt: new Date(in3Days + 10 * 3_600_000),
			endsAt: new Date(in3Days + 10.5 * 3_600_000),
		})
		expect((await put({ ...hours, slotMinutes: 20 })).body.conflicts).to.deep.equal([])
		expect((await put({ ...hours, weekly: everyDay('13:00', '15:00') })).body.conflicts).to.deep.equal([kept])
		const { body } = await generate()
		expect(body.conflicts).to.deep.equal([kept])
		expect((await slotsOf(node.db, doctor.id)).filter(slot => slot.appointment_id === kept)).to.have.length(1)
	})

	it('generates slots for the requested number of days, or else for the configured one', async () => {
		await put(hours)
		const short = await generate({ days: 1 })
		expect(short.status).to.equal(200)
		expect(short.body).to.include({ removed: 0, kept: 0 }).and.to.have.deep.property('conflicts', [])
		const whole = await generate()
		expect(whole.body).to.include({ created: 18, removed: 0, kept: short.body.created })
		expect(await slotsOf(node.db, doctor.id)).to.have.length(18 + short.body.created)
	})

	it('can be set by the doctor and by admins, and seen by all', async () => {
		expect((await put(hours, admin.token)).status).to.equal(200)
		expect((await generate({}, admin.token)).status).to.equal(200)
		for (const { token } of [await aDoctor(node), await aReceptionist(node), await aPatient(node)]) {
			expect((await put(hours, token)).body.code).to.equal('forbidden')
			expect((await generate({}, token)).body.code).to.equal('forbidden')
			expect((await get(token)).status).to.equal(200)
		}
		for (const id of [admin.id, '31337', 'x']) {
			expect((await put(hours, admin.token, id)).body.code).to.equal('not_found')
			expect((await generate({}, admin.token, id)).body.code).to.equal('not_found')
			expect((await call(node, 'GET', `/doctors/${id}/schedule`)).body.code).to.equal('not_found')
		}
	})

	it('can be prepared by an admin before the doctor is approved', async () => {
		const pending = await aDoctor(node, { status: 'pending' })
		expect((await put(hours, admin.token, pending.id)).status).to.equal(200)
		expect((await call(node, 'GET', `/doctors/${pending.id}/schedule`)).status).to.equal(404)
		expect((await call(node, 'GET', `/doctors/${pending.id}/schedule`, { token: admin.token })).status).to.equal(200)
	})

	it('refuses invalid hours', async () => {
		const wrong = [
			{ ...hours, timeZone: 'Mars/Olympus_Mons' },
			{ ...hours, slotMinutes: 4 },
			{ ...hours, slotMinutes: 7.5 },
			{ ...hours, weekly: [{ weekday: 0, start: '09:00', end: '10:00' }] },
			{ ...hours, weekly: [{ weekday: 1, start: '10:00', end: '09:00' }] },
			{ ...hours, weekly: [...everyDay('09:00', '12:00'), ...everyDay('11:00', '13:00')] },
			{ ...hours, validFrom: '2026-02-01', validUntil: '2026-01-01' },
			{ ...hours, validFrom: '2026-02-30' },
		]
		for (const body of wrong) expect((await put(body)).body.code, JSON.stringify(body)).to.equal('invalid_input')
		for (const days of [0, 367, 1.5, 'x']) expect((await generate({ days })).body.code).to.equal('invalid_input')
	})

	it('records its changes in the audit log', async () => {
		await put(hours)
		await generate({ days: 1 })
		const facts = await node.db('audit_log').where({ entity: 'schedule', entity_id: doctor.id }).orderBy('id').pluck('action')
		expect(facts).to.deep.equal(['replaced', 'generated_slots'])
	})
})
