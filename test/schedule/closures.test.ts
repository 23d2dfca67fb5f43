import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { anAppointment, aSite, everyDay, slotsOf } from './support.ts'

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
const at = (day: number, hour: number) => new Date(today + day * dayMs + hour * 3_600_000)
const date = (day: number) => at(day, 0).toISOString().slice(0, 10)

describe('closures', () => {
	const node = useNode({ SLOT_DAYS_AHEAD: '8' })
	let admin: Person
	let here: { siteId: string; doctor: Person }
	let there: { siteId: string; doctor: Person }

	const add = (body: object, token = admin.token) => call(node, 'POST', '/closures', { token, body })
	const remove = (id: string) => call(node, 'DELETE', `/closures/${id}`, { token: admin.token })
	const perDay = async ({ doctor }: { doctor: Person }) => {
		const slots = await slotsOf(node.db, doctor.id)
		return [1, 2, 3, 4, 5].map(n => slots.filter(slot => slot.starts_at >= at(n, 0) && slot.starts_at < at(n + 1, 0)).length)
	}
	async function aDoctorAt(timeZone: string) {
		const siteId = await aSite(node.db, timeZone)
		const doctor = await aDoctor(node, { timeZone })
		const plan = { siteId, slotMinutes: 60, weekly: everyDay('08:00', '10:00'), validFrom: date(-1) }
		await call(node, 'POST', `/doctors/${doctor.id}/plans`, { token: doctor.token, body: plan })
		return { siteId, doctor }
	}

	before(async () => {
		admin = await anAdmin(node)
	})
	beforeEach(async () => {
		await node.db('closures').delete()
		here = await aDoctorAt('UTC')
		there = await aDoctorAt('Africa/Lagos')
	})

	it('of the clinic close every site on those days, and opening them again brings the slots back', async () => {
		const { status, body } = await add({ from: date(2), to: date(3), name: 'Christmas' })
		expect(status).to.equal(201)
		expect(body).to.deep.equal({ id: body.id, from: date(2), to: date(3), name: 'Christmas', conflicts: [] })
		for (const doctor of [here, there]) expect(await perDay(doctor)).to.deep.equal([2, 0, 0, 2, 2])
		expect((await remove(body.id)).status).to.equal(204)
		for (const doctor of [here, there]) expect(await perDay(doctor)).to.deep.equal([2, 2, 2, 2, 2])
		expect((await remove(body.id)).body.code).to.equal('not_found')
	})

	it('of a site leave the others open, and prevail over the hours of a single day', async () => {
		await add({ siteId: here.siteId, from: date(2), to: date(2), name: 'Painters' })
		expect([await perDay(here), await perDay(there)]).to.deep.equal([
			[2, 0, 2, 2, 2],
			[2, 2, 2, 2, 2],
		])
		const ranges = [{ start: '12:00', end: '14:00' }]
		const path = `/doctors/${here.doctor.id}/hours/${date(2)}`
		await call(node, 'PUT', path, { token: admin.token, body: { ranges } })
		expect(await perDay(here)).to.deep.equal([2, 0, 2, 2, 2])
		await call(node, 'PUT', path, { token: admin.token, body: { ranges: [{ ...ranges[0], siteId: there.siteId }] } })
		expect(await perDay(here)).to.deep.equal([2, 2, 2, 2, 2])
	})

	it('overlap, and a day opens again only when none of them is left', async () => {
		const first = await add({ from: date(2), to: date(4), name: 'Holidays' })
		await add({ siteId: here.siteId, from: date(4), to: date(5), name: 'Painters' })
		await remove(first.body.id)
		expect([await perDay(here), await perDay(there)]).to.deep.equal([
			[2, 2, 2, 0, 0],
			[2, 2, 2, 2, 2],
		])
	})

	it('report the appointments of those days, which stay, and are previewed without changing anything', async () => {
		const visit = await anAppointment(node.db, { doctorId: here.doctor.id, startsAt: at(2, 8), endsAt: at(2, 9) })
		await anAppointment(node.db, { doctorId: here.doctor.id, startsAt: at(3, 8), endsAt: at(3, 9) })
		const body = { siteId: here.siteId, from: date(2), to: date(2), name: 'Painters' }
		const preview = await call(node, 'POST', '/closures/preview', { token: admin.token, body })
		expect(preview.body).to.deep.equal({ removed: 1, conflicts: [visit] })
		expect(await perDay(here)).to.deep.equal([2, 2, 2, 2, 2])
		expect((await add(body)).body.conflicts).to.deep.equal([visit])
		expect(await perDay(here)).to.deep.equal([2, 1, 2, 2, 2])
	})

	it('that are to be removed show first what would come back, without changing anything', async () => {
		const { id } = (await add({ from: date(2), to: date(3), name: 'Holidays' })).body
		await add({ siteId: there.siteId, from: date(3), to: date(3), name: 'Painters' })
		const before = await node.db('appointment_slots').select('doctor_id', 'starts_at').orderBy(['doctor_id', 'starts_at'])
		const preview = await call(node, 'POST', `/closures/${id}/preview`, { token: admin.token })
		expect(await node.db('appointment_slots').select('doctor_id', 'starts_at').orderBy(['doctor_id', 'starts_at'])).to.deep.equal(before)
		await remove(id)
		expect([await perDay(here), await perDay(there)]).to.deep.equal([
			[2, 2, 2, 2, 2],
			[2, 2, 0, 2, 2],
		])
		const after = await node.db('appointment_slots').select('starts_at')
		expect(preview.body).to.deep.equal({ created: after.length - before.length })
		expect((await call(node, 'POST', `/closures/${id}/preview`, { token: admin.token })).body.code).to.equal('not_found')
	})

	it('are for all to see, by date, page by page', async () => {
		for (const day of [5, 1, 3]) await add({ from: date(day), to: date(day + 1), name: `Day ${day}` })
		const names = async (query: string) => (await call(node, 'GET', `/closures?${query}`)).body.items.map((each: any) => each.name)
		expect(await names('')).to.deep.equal(['Day 1', 'Day 3', 'Day 5'])
		expect(await names(`from=${date(2)}&to=${date(4)}`)).to.deep.equal(['Day 1', 'Day 3'])
		const first = (await call(node, 'GET', '/closures?limit=2')).body
		expect(await names(`limit=2&cursor=${first.nextCursor}`)).to.deep.equal(['Day 5'])
		expect((await call(node, 'GET', `/closures?cursor=${Buffer.from('["x","y"]').toString('base64url')}`)).body.code).to.equal(
			'invalid_input',
		)
	})

	it('are made by admins only, refuse what cannot be, and are recorded in the audit log', async () => {
		const day = { from: date(2), to: date(2), name: 'Closed' }
		for (const { token } of [here.doctor, await aReceptionist(node), await aPatient(node)])
			expect((await add(day, token)).body.code).to.equal('forbidden')
		for (const wrong of [{ to: date(1) }, { to: date(400) }, { siteId: '999999999' }, { siteId: 'x' }, { name: '' }])
			expect((await add({ ...day, ...wrong })).body.code, JSON.stringify(wrong)).to.equal('invalid_input')
		const { body } = await add(day)
		await remove(body.id)
		const facts = await node.db('audit_log').where({ entity: 'closure', entity_id: body.id }).orderBy('id').pluck('action')
		expect(facts).to.deep.equal(['added', 'removed'])
	})
})
