import { expect } from 'chai'
import { pageOf, Site } from '../../contract/index.ts'
import { book, cancel, codeOf, done } from '../booking/desk.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'

describe('sites', () => {
	const node = useNode()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const list = async (query = ''): Promise<Site[]> => pageOf(Site).parse((await call(node, 'GET', `/sites${query}`)).body).items
	const create = (body: unknown, token = admin.token) => call(node, 'POST', '/sites', { token, body })
	const change = (id: string, body: unknown) => call(node, 'PATCH', `/sites/${id}`, { token: admin.token, body })

	/** Half an hour at nine, every day. */
	const aPlan = async (doctor: Person, siteId: string) => {
		const weekly = [1, 2, 3, 4, 5, 6, 7].map(weekday => ({ weekday, start: '09:00', end: '09:30' }))
		const body = { siteId, slotMinutes: 30, weekly, validFrom: '2020-01-01' }
		expect(codeOf(await call(node, 'POST', `/doctors/${doctor.id}/plans`, { token: doctor.token, body }))).to.equal('ok')
	}

	it('begin with one', async () => {
		const [first, ...others] = await list()
		expect(first).to.deep.equal({ id: first?.id, name: 'Main site', timeZone: 'UTC', archived: false })
		expect(others).to.deep.equal([])
	})

	it('are opened and changed by admins, with all that patients need to get there', async () => {
		const address = { line: '14th Street 5', city: 'New York', region: 'NY', country: 'US' }
		const fields = { name: 'Chelsea', timeZone: 'America/New_York', phone: '+1 212 5550100', directions: 'Third floor', address }
		const { status, body } = await create(fields)
		expect(status).to.equal(201)
		expect(body).to.deep.equal({ id: body.id, ...fields, archived: false })
		expect((await list()).map(({ name }) => name)).to.deep.equal(['Chelsea', 'Main site'])
		expect((await change(body.id, { name: 'Chelsea West', phone: null, directions: null })).body).to.deep.equal({
			id: body.id,
			name: 'Chelsea West',
			timeZone: 'America/New_York',
			address,
			archived: false,
		})
		expect(codeOf(await create(fields, (await aReceptionist(node)).token))).to.equal('forbidden')
		expect(codeOf(await change('424242', { name: 'Nowhere' }))).to.equal('not_found')
		expect(codeOf(await create({ ...fields, timeZone: 'Mars/Olympus' }))).to.equal('invalid_input')
		expect(
			(await node.db('audit_log').where({ entity: 'site', entity_id: body.id }).orderBy('id')).map(({ action }) => action),
		).to.deep.equal(['created', 'updated'])
	})

	it('are listed page by page, each once', async () => {
		for (const name of ['B', 'A', 'C', 'A']) await create({ name, timeZone: 'Pacific/Auckland' })
		const seen: string[] = []
		let cursor: string | null = ''
		while (cursor !== null) {
			const page: any = (await call(node, 'GET', `/sites?limit=2${cursor && `&cursor=${cursor}`}`)).body
			seen.push(...page.items.map(({ id }: Site) => id))
			cursor = page.nextCursor
		}
		expect(seen).to.deep.equal((await list()).map(({ id }) => id))
		expect(new Set(seen).size).to.equal(seen.length)
	})

	it('are archived when no future appointment needs them, and shown only when asked for', async () => {
		const { id } = (await create({ name: 'Kolkata', timeZone: 'Asia/Kolkata' })).body
		const [doctor, patient] = [await aDoctor(node, { timeZone: 'Asia/Kolkata' }), await aPatient(node)]
		const [slot = ''] = await someSlots(node, doctor.id)
		await node.db('appointment_slots').where({ doctor_id: doctor.id }).update({ site_id: id })
		const visit = done(await book(node, patient, slot))
		const refused = await change(id, { archived: true })
		expect(codeOf(refused)).to.equal('in_use')
		expect(refused.body.conflicts).to.deep.equal([visit.id])
		expect(codeOf(await change(id, { timeZone: 'Europe/Berlin' })), 'its hours would be others').to.equal('in_use')
		expect(codeOf(await change(id, { name: 'Kolkata South' }))).to.equal('ok')

		done(await cancel(node, patient, visit.id))
		expect((await change(id, { archived: true })).body.archived).to.equal(true)
		expect((await list()).map(site => site.id)).not.to.include(id)
		expect((await list('?archived=true')).find(site => site.id === id)?.archived).to.equal(true)
		expect((await change(id, { archived: false })).body.archived).to.equal(false)
	})

	it('that are archived have no slots, until they are opened again', async () => {
		const { id } = (await create({ name: 'Oslo', timeZone: 'Europe/Oslo' })).body
		const doctor = await aDoctor(node)
		await aPlan(doctor, id)
		const slots = async () => (await node.db('appointment_slots').where({ doctor_id: doctor.id })).length
		const before = await slots()
		expect(before).to.be.above(50)
		expect(codeOf(await change(id, { archived: true }))).to.equal('ok')
		expect(await slots()).to.equal(0)
		expect(codeOf(await change(id, { archived: false }))).to.equal('ok')
		expect(await slots()).to.equal(before)
	})

	it('with other clocks have their slots at other times, at once', async () => {
		const { id } = (await create({ name: 'Port', timeZone: 'Asia/Tokyo' })).body
		const doctor = await aDoctor(node)
		await aPlan(doctor, id)
		const hours = async () => {
			const starts: Date[] = await node.db('appointment_slots').where({ doctor_id: doctor.id }).pluck('starts_at')
			return [...new Set(starts.map(at => at.getUTCHours()))]
		}
		expect(await hours()).to.deep.equal([0])
		expect(codeOf(await change(id, { timeZone: 'Asia/Dubai' }))).to.equal('ok')
		expect(await hours()).to.deep.equal([5])
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body.timeZone).to.equal('Asia/Dubai')
	})

	it('narrow the list of doctors', async () => {
		const { id } = (await create({ name: 'Lima', timeZone: 'America/Lima' })).body
		const doctor = await aDoctor(node)
		await aPlan(doctor, id)
		const { items } = (await call(node, 'GET', `/doctors?siteId=${id}`)).body
		expect(items.map((each: { id: string; siteIds: string[] }) => [each.id, each.siteIds])).to.deep.equal([[doctor.id, [id]]])
		for (const none of ['424242', 'x']) expect((await call(node, 'GET', `/doctors?siteId=${none}`)).body.items).to.deep.equal([])
	})
})
