import { expect } from 'chai'
import ICAL from 'ical.js'
import pino from 'pino'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'

describe('a private calendar feed', () => {
	const lines: string[] = []
	const node = useNode({}, { log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) as never })
	let [doctor, patient] = [] as unknown as [Person, Person]
	let nextHours = 30

	before(async () => {
		doctor = await aDoctor(node, { fullName: 'Dr Dora Doctor' })
		patient = await aPatient(node, { fullName: 'Petra Patient' })
	})

	const aLink = async ({ token }: Person, body = {}) => {
		const made = await call(node, 'POST', '/me/calendar-link', { token, body })
		expect(made.status).to.equal(201)
		return made.body.url as string
	}
	const get = (url: string, etag?: string) => fetch(url, { headers: etag ? { 'if-none-match': etag } : {} })
	const eventsOf = async (url: string) => {
		const calendar = new ICAL.Component(ICAL.parse(await (await get(url)).text()))
		return calendar.getAllSubcomponents('vevent').map(each => new ICAL.Event(each))
	}
	const book = async () => {
		const [slotId] = await someSlots(node, doctor.id, { count: 1, from: hoursAhead(nextHours++) })
		return (await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId } })).body as { id: string; startsAt: string }
	}
	const cancel = (id: string) => call(node, 'POST', `/appointments/${id}/cancel`, { token: patient.token, body: {} })

	it('shows a patient’s own visits to a calendar program, and no others', async () => {
		const { id, startsAt } = await book()
		const other = await aPatient(node)
		const [mine] = (await eventsOf(await aLink(patient))).filter(({ uid }) => uid.startsWith(`appointment-${id}@`))
		expect(mine?.startDate.toJSDate().toISOString()).to.equal(startsAt)
		expect(await eventsOf(await aLink(other))).to.deep.equal([])
	})

	it('shows a doctor’s own calendar', async () => {
		const { id } = await book()
		expect((await eventsOf(await aLink(doctor))).map(({ uid }) => uid.split('@')[0])).to.include(`appointment-${id}`)
		expect(await eventsOf(await aLink(await aDoctor(node)))).to.deep.equal([])
	})

	it('names no person unless asked to', async () => {
		await book()
		for (const [owner, name] of [
			[patient, 'Dora Doctor'],
			[doctor, 'Petra Patient'],
		] as const) {
			const text = async (body: object) => (await get(await aLink(owner, body))).text()
			expect(await text({})).to.not.match(/Dora|Petra/)
			expect(await text({ names: true })).to.include(name)
		}
	})

	it('is answered from its ETag until a visit of its owner changes', async () => {
		const [url, doctors] = [await aLink(patient), await aLink(doctor)]
		const etagOf = async (address: string) => (await get(address)).headers.get('etag') as string
		for (const address of [url, doctors]) {
			const first = await etagOf(address)
			const again = await get(address, first)
			expect([again.status, await again.text()]).to.deep.equal([304, ''])
			const { id } = await book()
			const changed = await get(address, first)
			expect(changed.status).to.equal(200)
			await cancel(id)
			expect((await get(address, changed.headers.get('etag') as string)).status).to.equal(200)
		}
		// Another patient's visit with another doctor is nothing to these calendars.
		const [patients, theirs] = [await etagOf(url), await etagOf(doctors)]
		const elsewhere = await aDoctor(node)
		const [slotId] = await someSlots(node, elsewhere.id)
		await call(node, 'POST', '/appointments', { token: (await aPatient(node)).token, body: { slotId } })
		expect([(await get(url, patients)).status, (await get(doctors, theirs)).status]).to.deep.equal([304, 304])
	})

	it('answers a poll without reading an appointment', async () => {
		const url = await aLink(doctor)
		const etag = (await get(url)).headers.get('etag') as string
		// The poll is answered while another transaction keeps every reader of appointments waiting.
		const trx = await node.db.transaction()
		try {
			await trx.raw('LOCK TABLE appointments IN ACCESS EXCLUSIVE MODE')
			expect((await get(url, etag)).status).to.equal(304)
		} finally {
			await trx.rollback()
		}
	})

	it('notices changes whose commits overtake each other', async () => {
		const url = await aLink(patient)
		const userId = (await node.db('calendar_links').orderBy('created_at', 'desc').first('user_id')).user_id
		const slow = await node.db.transaction()
		await slow('calendar_changes').insert({ user_id: userId })
		await node.db('calendar_changes').insert({ user_id: userId })
		const etag = (await get(url)).headers.get('etag') as string
		await slow.commit()
		expect((await get(url, etag)).status).to.equal(200)
	})

	it('ends when it is revoked, replaced, or its owner is shut out', async () => {
		const first = await aLink(patient)
		const second = await aLink(patient)
		expect([(await get(first)).status, (await get(second)).status]).to.deep.equal([404, 200])
		expect((await call(node, 'DELETE', '/me/calendar-link', { token: patient.token })).status).to.equal(204)
		expect((await get(second)).status).to.equal(404)
		const leaving = await aDoctor(node)
		const url = await aLink(leaving)
		await node.db('users').where({ id: leaving.id }).update({ status: 'disabled' })
		expect((await get(url)).status).to.equal(404)
	})

	it('is for patients and doctors only', async () => {
		for (const { token } of [await aReceptionist(node), await anAdmin(node)])
			expect((await call(node, 'POST', '/me/calendar-link', { token, body: {} })).status).to.equal(403)
	})

	it('keeps its secret out of the database and the log, and its answers out of shared caches', async () => {
		const url = await aLink(patient)
		const secret = /calendars\/(.+)\.ics/.exec(url)?.[1] as string
		const answer = await get(url)
		expect(answer.headers.get('cache-control')).to.equal('private, no-cache')
		expect(answer.headers.get('content-type')).to.match(/^text\/calendar/)
		const stored = [await node.db('calendar_links'), await node.db('audit_log')]
		expect(JSON.stringify(stored)).to.not.include(secret)
		expect(lines.some(line => line.includes('/calendars/:token.ics'))).to.equal(true)
		expect(lines.join('')).to.not.include(secret)
	})

	it('records whose names a doctor’s program read', async () => {
		await get(await aLink(doctor, { names: true }))
		const [entry] = await node.db('audit_log').where({ actor_id: doctor.id, action: 'listed' }).orderBy('id', 'desc')
		expect(entry.details).to.include({ by: 'calendar link' })
	})
})
