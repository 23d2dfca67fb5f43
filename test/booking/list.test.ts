import { expect } from 'chai'
import type { Appointment } from '../../contract/index.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { book, cancel, codeOf, done } from './desk.ts'

describe('the list of appointments', () => {
	const node = useNode()
	let desk: Person
	let doctor: Person
	let farAway: Person
	let ann: Person
	let ben: Person
	const booked: Record<string, Appointment> = {}

	const now = Date.now()
	/** Returns the date so many days from today, in UTC. */
	const day = (days: number) => new Date(now + days * 86_400_000).toISOString().slice(0, 10)
	const at = (days: number, time: string) => new Date(`${day(days)}T${time}:00.000Z`)

	before(async () => {
		desk = await aReceptionist(node)
		doctor = await aDoctor(node, { fullName: 'Dr. Near' })
		// Fourteen hours ahead of UTC, so its day begins at ten in the morning of the day before.
		farAway = await aDoctor(node, { timeZone: 'Pacific/Kiritimati' })
		ann = await aPatient(node, { fullName: 'Ann' })
		ben = await aPatient(node, { fullName: 'Ben' })
		const plan: [string, Person, Person, Date][] = [
			['annMorning', doctor, ann, at(3, '09:00')],
			['benMorning', doctor, ben, at(3, '09:30')],
			['annMidnight', doctor, ann, at(4, '00:00')],
			['benLate', doctor, ben, at(4, '23:30')],
			['annFar', farAway, ann, at(3, '10:00')],
			['benFar', farAway, ben, at(3, '09:45')],
			['annLate', farAway, ann, at(6, '12:00')],
		]
		for (const [name, who, patient, from] of plan) {
			const [slot] = await someSlots(node, who.id, { from, minutes: 15 })
			booked[name] = done(await book(node, patient, slot as string, { reason: name }))
		}
		await node.db('appointments').where({ id: booked.benLate?.id }).update({ status: 'no_show' })
		done(await cancel(node, desk, booked.annLate?.id as string))
	})

	const list = (who: Person, query = '') => call(node, 'GET', `/appointments${query}`, { token: who.token })
	/** The names of the listed appointments, in order. */
	const listed = async (who: Person, query = '') => done<{ items: Appointment[] }>(await list(who, query)).items.map(({ id }) => nameOf(id))
	const nameOf = (id: string) => Object.keys(booked).find(name => booked[name]?.id === id)

	it('contains all appointments for staff, by start, each as a single one is shown', async () => {
		const everything = ['annMorning', 'benMorning', 'benFar', 'annFar', 'annMidnight', 'benLate', 'annLate']
		expect(await listed(desk)).to.deep.equal(everything)
		expect(await listed(await anAdmin(node))).to.deep.equal(everything)
		const { items, nextCursor } = done<{ items: Appointment[]; nextCursor: unknown }>(await list(desk))
		expect(nextCursor).to.equal(null)
		for (const item of items) {
			const { doctorName, ...rest } = item
			expect(rest).to.deep.equal(done(await call(node, 'GET', `/appointments/${item.id}`, { token: desk.token })))
			expect(doctorName).to.be.a('string')
		}
		expect(items[0]).to.deep.include({ patientName: 'Ann', doctorName: 'Dr. Near', reason: 'annMorning', sequence: 0 })
	})

	it('contains only a patient’s own appointments', async () => {
		expect(await listed(ann)).to.deep.equal(['annMorning', 'annFar', 'annMidnight', 'annLate'])
		expect(await listed(ann, `?patientId=${ann.id}`)).to.have.length(4)
		expect(await listed(ann, `?doctorId=${doctor.id}`)).to.deep.equal(['annMorning', 'annMidnight'])
		for (const other of [ben.id, '987654321', 'x']) expect(codeOf(await list(ann, `?patientId=${other}`)), other).to.equal('forbidden')
	})

	it('contains only a doctor’s own calendar', async () => {
		expect(await listed(doctor)).to.deep.equal(['annMorning', 'benMorning', 'annMidnight', 'benLate'])
		expect(await listed(doctor, `?patientId=${ann.id}`)).to.deep.equal(['annMorning', 'annMidnight'])
		expect(await listed(doctor, `?doctorId=${doctor.id}`)).to.have.length(4)
		expect(codeOf(await list(doctor, `?doctorId=${farAway.id}`))).to.equal('forbidden')
		expect(codeOf(await call(node, 'GET', '/appointments'))).to.equal('unauthenticated')
		expect(codeOf(await list(await aDoctor(node, { status: 'pending' })))).to.equal('account_pending')
	})

	it('can be narrowed to a doctor, a patient, and statuses', async () => {
		expect(await listed(desk, `?doctorId=${farAway.id}`)).to.deep.equal(['benFar', 'annFar', 'annLate'])
		expect(await listed(desk, `?patientId=${ben.id}`)).to.deep.equal(['benMorning', 'benFar', 'benLate'])
		expect(await listed(desk, `?patientId=${ben.id}&doctorId=${doctor.id}`)).to.deep.equal(['benMorning', 'benLate'])
		expect(await listed(desk, '?status=no_show')).to.deep.equal(['benLate'])
		expect(await listed(desk, '?status=no_show,cancelled')).to.deep.equal(['benLate', 'annLate'])
		expect(await listed(desk, `?status=booked&patientId=${ann.id}`)).to.deep.equal(['annMorning', 'annFar', 'annMidnight'])
		for (const unknownId of ['987654321', 'x', '0']) {
			expect(await listed(desk, `?doctorId=${unknownId}`), unknownId).to.deep.equal([])
			expect(await listed(desk, `?patientId=${unknownId}`), unknownId).to.deep.equal([])
		}
	})

	it('can be narrowed to days of each doctor’s own zone, both inclusive', async () => {
		expect(await listed(desk, `?from=${day(3)}&to=${day(3)}`)).to.deep.equal(['annMorning', 'benMorning', 'benFar'])
		expect(await listed(desk, `?from=${day(4)}&to=${day(4)}`)).to.deep.equal(['annFar', 'annMidnight', 'benLate'])
		expect(await listed(desk, `?from=${day(5)}`)).to.deep.equal(['annLate'])
		expect(await listed(desk, `?to=${day(3)}`)).to.deep.equal(['annMorning', 'benMorning', 'benFar'])
		expect(await listed(desk, `?from=${day(4)}&to=${day(3)}`)).to.deep.equal([])
	})

	it('can be narrowed to instants in any offset, the first inclusive and the last exclusive', async () => {
		const span = (from: string, to: string) => `?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`
		expect(await listed(desk, span(at(3, '09:30').toISOString(), at(3, '10:00').toISOString()))).to.deep.equal(['benMorning', 'benFar'])
		expect(await listed(desk, span(`${day(3)}T11:00:00+01:30`, `${day(3)}T05:00:00-05:00`))).to.deep.equal(['benMorning', 'benFar'])
		expect(await listed(desk, span(at(3, '10:00').toISOString(), `${day(3)}`))).to.deep.equal([])
	})

	it('refuses malformed filters', async () => {
		const strange = [
			'?from=yesterday',
			'?to=2026-02-30',
			'?status=sleeping',
			'?status=',
			'?limit=0',
			'?limit=201',
			'?limit=x',
			'?from=2026-01-01T00:00:00',
		]
		for (const query of strange) expect(codeOf(await list(desk, query)), query).to.equal('invalid_input')
		const cursors = [
			['x', 'y'],
			[1],
			[1, 2, 3],
			['1e9', '1'],
			[1, '1; drop'],
			[1.5, 1],
			[{}, 1],
			['', ''],
			['9'.repeat(30), '1'],
			[1, '9'.repeat(19)],
		]
		for (const parts of cursors) {
			const cursor = Buffer.from(JSON.stringify(parts)).toString('base64url')
			expect(codeOf(await list(desk, `?cursor=${cursor}`)), JSON.stringify(parts)).to.equal('invalid_input')
		}
		expect(codeOf(await list(desk, '?cursor=nonsense'))).to.equal('invalid_input')
	})

	it('has pages without gaps or repeats, also for appointments that start together', async () => {
		const crowd: string[] = []
		for (let index = 0; index < 7; index++) {
			const [slot] = await someSlots(node, (await aDoctor(node)).id, { from: at(20, '08:00') })
			crowd.push(done(await book(node, await aPatient(node), slot as string)).id)
		}
		for (const limit of [1, 2, 3, 7, 50]) {
			const seen: string[] = []
			let cursor: string | null = null
			do {
				const query: string = `?from=${day(19)}&limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`
				const page: { items: Appointment[]; nextCursor: string | null } = done(await list(desk, query))
				expect(page.items.length, 'no page is empty').to.be.within(1, limit)
				seen.push(...page.items.map(({ id }) => id))
				cursor = page.nextCursor
			} while (cursor)
			expect(seen, `pages of ${limit}`).to.deep.equal(crowd)
		}
	})

	it('shows a single appointment to the people concerned', async () => {
		const { id } = booked.annMorning as Appointment
		const get = async (who: Person | undefined) => codeOf(await call(node, 'GET', `/appointments/${id}`, who && { token: who.token }))
		for (const who of [ann, doctor, desk]) expect(await get(who)).to.equal('ok')
		for (const who of [ben, farAway]) expect(await get(who)).to.equal('not_found')
		expect(await get(undefined)).to.equal('unauthenticated')
		for (const none of ['987654321', 'x', '0', '%00'])
			expect((await call(node, 'GET', `/appointments/${none}`, { token: desk.token })).status, none).to.be.oneOf([400, 404])
	})
})
