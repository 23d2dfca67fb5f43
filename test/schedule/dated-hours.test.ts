import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { anAppointment, aSite, everyDay, slotsOf } from './support.ts'

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
const at = (day: number, hour: number) => new Date(today + day * dayMs + hour * 3_600_000)
const date = (day: number) => at(day, 0).toISOString().slice(0, 10)

describe('the hours of a single day', () => {
	const node = useNode({ SLOT_DAYS_AHEAD: '8' })
	let doctor: Person
	let siteId: string

	const send = (method: string, day: string, body?: object, token = doctor.token) =>
		call(node, method, `/doctors/${doctor.id}/hours/${day}`, { token, ...(body && { body }) })
	const listed = async () => (await call(node, 'GET', `/doctors/${doctor.id}/hours?from=${date(0)}&to=${date(30)}`)).body.items
	const startsOn = async (day: number) =>
		(await slotsOf(node.db, doctor.id))
			.filter(slot => slot.starts_at >= at(day, 0) && slot.starts_at < at(day + 1, 0))
			.map(slot => (slot.starts_at.getTime() - at(day, 0).getTime()) / 3_600_000)

	before(async () => {
		siteId = await aSite(node.db, 'UTC')
	})
	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'UTC' })
		const plan = { siteId, slotMinutes: 60, weekly: everyDay('08:00', '10:00'), validFrom: date(0) }
		expect((await call(node, 'POST', `/doctors/${doctor.id}/plans`, { token: doctor.token, body: plan })).status).to.equal(201)
	})

	it('replace the weekly ones of that day, and no other’s, until they are removed', async () => {
		const ranges = [
			{ start: '14:00', end: '16:00' },
			{ start: '09:00', end: '11:00' },
		]
		const put = await send('PUT', date(2), { ranges })
		expect(put.body).to.deep.equal({ date: date(2), ranges: ranges.toReversed(), conflicts: [] })
		expect(await listed()).to.deep.equal([{ date: date(2), ranges: ranges.toReversed() }])
		expect([await startsOn(1), await startsOn(2), await startsOn(3)]).to.deep.equal([
			[8, 9],
			[9, 10, 14, 15],
			[8, 9],
		])
		expect((await send('DELETE', date(2))).body).to.deep.equal({ conflicts: [] })
		expect([await listed(), await startsOn(2)]).to.deep.equal([[], [8, 9]])
		expect((await send('DELETE', date(2))).body.code).to.equal('not_found')
	})

	it('without ranges are a day off, and appointments on it are reported', async () => {
		const visit = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(2, 8), endsAt: at(2, 9) })
		await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(3, 8), endsAt: at(3, 9) })
		const preview = await send('POST', `${date(2)}/preview`, { ranges: [] })
		expect(preview.body).to.deep.include({ created: 0, removed: 1, conflicts: [visit] })
		expect(await startsOn(2)).to.deep.equal([8, 9])
		expect((await send('PUT', date(2), { ranges: [] })).body.conflicts).to.deep.equal([visit])
		expect(await startsOn(2)).to.deep.equal([8])
		expect((await send('POST', `${date(2)}/preview`, { ranges: null })).body).to.deep.include({ created: 1, conflicts: [] })
	})

	it('may be at another site, on a day without a plan, and beyond all slots', async () => {
		const elsewhere = await aSite(node.db, 'UTC')
		await send('PUT', date(4), { ranges: [{ start: '20:00', end: '21:00', siteId: elsewhere }] })
		const [slot] = await node.db('appointment_slots').where({ doctor_id: doctor.id, starts_at: at(4, 20) })
		expect(slot.site_id).to.equal(elsewhere)
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body.siteIds).to.have.members([siteId, elsewhere])
		const [{ id }] = (await call(node, 'GET', `/doctors/${doctor.id}/plans`)).body.items
		await call(node, 'PATCH', `/doctors/${doctor.id}/plans/${id}`, { token: doctor.token, body: { validUntil: date(1) } })
		await send('PUT', date(5), { ranges: [{ start: '09:00', end: '11:00' }] })
		expect([await startsOn(3), await startsOn(4), await startsOn(5)]).to.deep.equal([[], [20], [9, 10]])
		expect((await send('PUT', date(300), { ranges: [{ start: '09:00', end: '11:00' }] })).status).to.equal(200)
		expect(await startsOn(300)).to.deep.equal([])
	})

	it('are listed for a whole year, and no longer', async () => {
		for (const day of [1, 364, 367]) await send('PUT', date(day), { ranges: [] })
		const list = (to: number) => call(node, 'GET', `/doctors/${doctor.id}/hours?from=${date(0)}&to=${date(to)}`)
		expect((await list(365)).body.items.map((each: { date: string }) => each.date)).to.deep.equal([date(1), date(364)])
		expect((await list(366)).body.code).to.equal('invalid_input')
		expect((await list(-1)).body.code).to.equal('invalid_input')
	})

	it('are set by the doctor and admins only, and refuse what cannot be', async () => {
		const { token } = await anAdmin(node)
		expect((await send('PUT', date(2), { ranges: [] }, token)).status).to.equal(200)
		for (const { token } of [await aDoctor(node), await aReceptionist(node), await aPatient(node)])
			expect((await send('PUT', date(2), { ranges: [] }, token)).body.code).to.equal('forbidden')
		const overlapping = [
			{ start: '09:00', end: '11:00' },
			{ start: '10:00', end: '12:00' },
		]
		const wrong = [
			{ ranges: overlapping },
			{ ranges: [{ start: '11:00', end: '09:00' }] },
			{ ranges: [{ start: '09:00', end: '11:00', siteId: '999999999' }] },
		]
		for (const body of wrong) expect((await send('PUT', date(2), body)).body.code).to.equal('invalid_input')
		for (const day of [date(-4), date(800), '2026-02-30', 'today'])
			expect((await send('PUT', day, { ranges: [] })).body.code, day).to.equal('invalid_input')
	})

	it('are recorded in the audit log', async () => {
		await send('PUT', date(2), { ranges: [] })
		await send('DELETE', date(2))
		const facts = await node
			.db('audit_log')
			.where({ entity: 'dated_hours', entity_id: doctor.id })
			.orderBy('id')
			.select('action', 'details')
		expect(facts.map(({ action, details }) => [action, details.date])).to.deep.equal([
			['replaced', date(2)],
			['removed', date(2)],
		])
	})
})
