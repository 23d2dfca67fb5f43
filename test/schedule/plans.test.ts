import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { anAppointment, aSite, everyDay, slotsOf } from './support.ts'

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
const at = (day: number, hour: number) => new Date(today + day * dayMs + hour * 3_600_000)
const date = (day: number) => at(day, 0).toISOString().slice(0, 10)

describe('plans', () => {
	const node = useNode({ SLOT_DAYS_AHEAD: '10' })
	let doctor: Person
	let admin: Person
	let siteId: string

	const plan = (changes: object = {}) => ({
		siteId,
		slotMinutes: 60,
		weekly: everyDay('08:00', '12:00'),
		validFrom: date(0),
		...changes,
	})
	const send = (method: string, path = '', body?: object, token = doctor.token) =>
		call(node, method, `/doctors/${doctor.id}/plans${path}`, { token, ...(body && { body }) })
	const list = async () => (await call(node, 'GET', `/doctors/${doctor.id}/plans`)).body.items
	/** How many slots each day has, from tomorrow on. */
	const perDay = async (days = 10) => {
		const slots = await slotsOf(node.db, doctor.id)
		return Array.from(
			{ length: days },
			(_, n) => slots.filter(slot => slot.starts_at >= at(n + 1, 0) && slot.starts_at < at(n + 2, 0)).length,
		)
	}

	before(async () => {
		admin = await anAdmin(node)
		siteId = await aSite(node.db, 'UTC')
	})
	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'UTC' })
	})

	it('are added, changed and removed, and slots follow at once, each with its site', async () => {
		const added = await send('POST', '', plan())
		expect(added.status).to.equal(201)
		expect(added.body).to.deep.equal({ ...plan(), id: added.body.id, conflicts: [] })
		expect(await perDay()).to.deep.equal(Array(10).fill(4))
		expect(await node.db('appointment_slots').where('doctor_id', doctor.id).distinct('site_id')).to.deep.equal([{ site_id: siteId }])

		const changed = await send('PATCH', `/${added.body.id}`, { slotMinutes: 30, validUntil: date(3) })
		expect(changed.body).to.deep.equal({ ...plan({ slotMinutes: 30, validUntil: date(3) }), id: added.body.id, conflicts: [] })
		expect(await perDay()).to.deep.equal([8, 8, 8, 0, 0, 0, 0, 0, 0, 0])
		expect(await list()).to.deep.equal([{ ...plan({ slotMinutes: 30, validUntil: date(3) }), id: added.body.id }])

		expect((await send('DELETE', `/${added.body.id}`)).body).to.deep.equal({ conflicts: [] })
		expect(await slotsOf(node.db, doctor.id)).to.deep.equal([])
		expect(await list()).to.deep.equal([])
	})

	it('that begin later leave everything before alone, and the plan in force ends the day before', async () => {
		const first = await send('POST', '', plan())
		const before = (await slotsOf(node.db, doctor.id)).filter(slot => slot.starts_at < at(5, 0))
		expect((await send('POST', '', plan({ validFrom: date(5), slotMinutes: 30 }))).status).to.equal(201)
		expect((await slotsOf(node.db, doctor.id)).filter(slot => slot.starts_at < at(5, 0))).to.deep.equal(before)
		expect(await perDay()).to.deep.equal([4, 4, 4, 4, 8, 8, 8, 8, 8, 8])
		expect((await list()).map((each: any) => [each.validFrom, each.validUntil])).to.deep.equal([
			[date(0), date(4)],
			[date(5), undefined],
		])
		expect((await list())[0].id).to.equal(first.body.id)
	})

	it('that are for some days interrupt the plan in force, which goes on afterwards', async () => {
		await send('POST', '', plan())
		await send('POST', '', plan({ validFrom: date(3), validUntil: date(4), slotMinutes: 120 }))
		await send('POST', '', plan({ validFrom: date(5), validUntil: date(5), slotMinutes: 240 }))
		expect(await perDay()).to.deep.equal([4, 4, 2, 2, 1, 4, 4, 4, 4, 4])
		expect((await list()).map((each: any) => [each.validFrom, each.validUntil])).to.deep.equal([
			[date(0), date(2)],
			[date(3), date(4)],
			[date(5), date(5)],
			[date(6), undefined],
		])
	})

	it('are never two at one time, even when two are added at once', async () => {
		await send('POST', '', plan({ validFrom: date(2), validUntil: date(4) }))
		const { body } = await send('POST', '', plan({ validFrom: date(1), validUntil: date(3) }))
		expect([body.code, body.errors[0].path]).to.deep.equal(['invalid_input', 'validFrom'])
		const other = await send('POST', '', plan({ validFrom: date(6) }))
		expect((await send('PATCH', `/${other.body.id}`, { validFrom: date(4) })).body.code).to.equal('invalid_input')
		expect((await send('POST', '', plan({ validFrom: date(6) }))).body.code).to.equal('invalid_input')
		const both = await Promise.all([send('POST', '', plan({ validUntil: date(0) })), send('POST', '', plan({ validUntil: date(0) }))])
		expect(both.map(({ status }) => status).sort()).to.deep.equal([201, 400])
		expect(await perDay()).to.deep.equal([0, 4, 4, 4, 0, 4, 4, 4, 4, 4])
	})

	it('report the appointments that no longer fit, which stay', async () => {
		const { body } = await send('POST', '', plan())
		const visit = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(2, 8), endsAt: at(2, 9) })
		await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(6, 8), endsAt: at(6, 9) })
		const changes = { weekly: everyDay('09:00', '12:00'), validUntil: date(4) }
		const later = await send('POST', '', plan({ validFrom: date(5) }))
		expect(later.body.conflicts).to.deep.equal([])
		expect((await send('PATCH', `/${body.id}`, changes)).body.conflicts).to.deep.equal([visit])
		expect((await send('DELETE', `/${body.id}`)).body.conflicts).to.deep.equal([visit])
		expect((await slotsOf(node.db, doctor.id)).find(slot => slot.appointment_id === visit)).to.include({ is_blocked: true })
	})

	it('at another site are conflicts for visits there, and their slots move to it', async () => {
		const { body } = await send('POST', '', plan())
		const elsewhere = await aSite(node.db, 'UTC')
		const visit = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(2, 8), endsAt: at(2, 9) })
		expect((await send('PATCH', `/${body.id}`, { siteId: elsewhere })).body.conflicts).to.deep.equal([visit])
		const slots = await node.db('appointment_slots').where('doctor_id', doctor.id).whereNull('appointment_id').distinct('site_id')
		expect(slots).to.deep.equal([{ site_id: elsewhere }])
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body.siteIds).to.deep.equal([elsewhere])
	})

	it('are in the zone of their site, and so is the calendar', async () => {
		const kolkata = await aSite(node.db, 'Asia/Kolkata')
		await send('POST', '', plan({ siteId: kolkata, validUntil: date(400) }))
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body.timeZone).to.equal('Asia/Kolkata')
		const [first] = (await slotsOf(node.db, doctor.id)).filter(slot => slot.starts_at >= at(2, 0))
		expect(first!.starts_at).to.deep.equal(at(2, 2.5))
	})

	it('are previewed: what would come and go is told, and nothing is changed', async () => {
		const { body } = await send('POST', '', plan())
		const visit = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(7, 8), endsAt: at(7, 9) })
		const before = [await slotsOf(node.db, doctor.id), await list()]
		const later = plan({ validFrom: date(5), weekly: everyDay('09:00', '13:00') })
		const added = await send('POST', '/preview', later)
		expect(added.body).to.deep.include({ created: 6, removed: 5, conflicts: [visit] })
		expect(added.body.createdStarts[0]).to.equal(at(5, 12).toISOString())
		const changed = await send('POST', `/${body.id}/preview`, { validUntil: date(8) })
		expect(changed.body).to.deep.include({ created: 0, removed: 8, conflicts: [] })
		const removed = await send('POST', `/${body.id}/preview`, { remove: true })
		expect(removed.body.created).to.equal(0)
		expect(removed.body.conflicts).to.deep.equal([visit])
		expect([await slotsOf(node.db, doctor.id), await list()]).to.deep.equal(before)
	})

	it('are what the schedule shows and replaces: one that begins later ends the plan in force', async () => {
		const hours = { timeZone: 'UTC', slotMinutes: 30, weekly: everyDay('10:00', '11:00') }
		const schedule = (method: string, body?: object) =>
			call(node, method, `/doctors/${doctor.id}/schedule`, { token: doctor.token, ...(body && { body }) })
		const generate = () => call(node, 'POST', `/doctors/${doctor.id}/slots/generate`, { token: doctor.token, body: {} })
		await send('POST', '', plan())
		await schedule('PUT', { ...hours, validFrom: date(5) })
		expect((await schedule('GET')).body).to.deep.include({ slotMinutes: 60, validUntil: date(4) })
		await generate()
		expect(await perDay()).to.deep.equal([4, 4, 4, 4, 2, 2, 2, 2, 2, 2])

		const replaced = await schedule('PUT', hours)
		expect(replaced.body).to.include({ slotMinutes: 30, validFrom: null, validUntil: date(4) })
		await generate()
		expect(await perDay()).to.deep.equal(Array(10).fill(2))
		await schedule('PUT', { ...hours, slotMinutes: 60, validFrom: date(5), validUntil: null })
		expect((await list()).map((each: any) => [each.slotMinutes, each.validFrom, each.validUntil])).to.deep.equal([
			[30, '1900-01-01', date(4)],
			[60, date(5), undefined],
		])
	})

	it('are set by the doctor and admins only, and refuse what cannot be', async () => {
		expect((await send('POST', '', plan(), admin.token)).status).to.equal(201)
		for (const { token } of [await aDoctor(node), await aReceptionist(node), await aPatient(node)])
			expect((await send('POST', '', plan({ validFrom: date(3) }), token)).body.code).to.equal('forbidden')
		const archived = await aSite(node.db, 'UTC')
		await node.db('sites').where('id', archived).update({ archived_at: new Date() })
		for (const wrong of [
			{ siteId: '999999999' },
			{ siteId: archived },
			{ slotMinutes: 4 },
			{ validUntil: date(-1) },
			{ validFrom: 'soon' },
		])
			expect((await send('POST', '', plan({ validFrom: date(3), ...wrong }))).body.code, JSON.stringify(wrong)).to.equal('invalid_input')
		const [{ id }] = await list()
		expect((await send('PATCH', `/${id}`, { validUntil: date(-1) })).body.code).to.equal('invalid_input')
		const other = await aDoctor(node)
		const foreign = await call(node, 'DELETE', `/doctors/${other.id}/plans/${id}`, { token: admin.token })
		expect(foreign.body.code).to.equal('not_found')
		for (const unknown of ['0', 'x', '99999999999999999999']) expect((await send('DELETE', `/${unknown}`)).body.code).to.equal('not_found')
	})

	it('are recorded in the audit log', async () => {
		const { body } = await send('POST', '', plan(), admin.token)
		await send('PATCH', `/${body.id}`, { slotMinutes: 30 })
		await send('DELETE', `/${body.id}`)
		const facts = await node.db('audit_log').where({ entity: 'plan', entity_id: body.id }).orderBy('id').select('action', 'actor_id')
		expect(facts).to.deep.equal([
			{ action: 'added', actor_id: admin.id },
			{ action: 'changed', actor_id: doctor.id },
			{ action: 'removed', actor_id: doctor.id },
		])
	})
})
