import { expect } from 'chai'
import { everyDay } from '../schedule/support.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets } from '../support/watcher.ts'

const dayMs = 86_400_000
const date = (day: number) => new Date(Date.now() + day * dayMs).toISOString().slice(0, 10)

describe('how far ahead a clinic takes bookings', function () {
	this.timeout(60_000)
	const [node, other] = useNodes(2, { SLOT_DAYS_AHEAD: '5' })
	let admin: Person
	let doctor: Person

	before(async () => {
		admin = await anAdmin(node!)
		doctor = await aDoctor(node!)
		const body = { timeZone: 'UTC', slotMinutes: 60, weekly: everyDay('08:00', '10:00') }
		await call(node!, 'PUT', `/doctors/${doctor.id}/schedule`, { token: doctor.token, body })
		await call(node!, 'POST', `/doctors/${doctor.id}/slots/generate`, { token: doctor.token, body: {} })
	})
	afterEach(async () => {
		closeSockets()
		await set(null)
	})

	const set = (slotDaysAhead: number | null) => call(node!, 'PATCH', '/clinic', { token: admin.token, body: { policy: { slotDaysAhead } } })
	const shown = async (on = node!) =>
		(await call(on, 'GET', `/doctors/${doctor.id}/slots?from=${date(0)}&to=${date(20)}`)).body.slots as { id: string; startsAt: string }[]
	const lastDay = async () => (await shown()).at(-1)?.startsAt.slice(0, 10)
	const nightly = async () => (await call(other!, 'POST', '/admin/jobs/generate%20slots/run', { token: admin.token })).status

	it('is what the server was started with, until an admin sets it', async () => {
		expect(await lastDay()).to.equal(date(5))
		expect((await set(9)).body.policy.slotDaysAhead).to.equal(9)
		expect(await lastDay()).to.equal(date(9))
		expect((await set(null)).body.policy.slotDaysAhead).to.equal(5)
		expect(await lastDay()).to.equal(date(5))
	})

	it('takes free slots beyond it away, which watchers of any node see, and keeps visits', async () => {
		await set(9)
		const patient = await aPatient(node!)
		const last = (await shown()).at(-1) as { id: string }
		const visit = await call(node!, 'POST', '/appointments', { token: patient.token, body: { slotId: last.id } })
		expect(visit.status).to.equal(201)
		const watcher = await aWatcher(await aSocket(other!), doctor.id, { from: date(0), to: date(20) })
		await set(3)
		await waitFor(
			() => [...watcher.picture.values()].every(({ id, startsAt }) => id === last.id || startsAt.slice(0, 10) <= date(3)),
			'the cut',
		)
		expect(watcher.stateOf(last.id)).to.equal('booked')
		await call(node!, 'POST', `/appointments/${visit.body.id}/cancel`, { token: patient.token, body: {} })
		expect((await call(node!, 'POST', `/slots/${last.id}/hold`, { token: patient.token, body: {} })).body.code).to.equal('slot_blocked')
		await set(9)
		expect((await call(node!, 'POST', `/slots/${last.id}/hold`, { token: patient.token, body: {} })).status).to.equal(201)
	})

	it('is followed by the nightly generation of any node', async () => {
		await node!.db('clinic').update({ slot_days_ahead: 12 })
		expect(await nightly()).to.equal(202)
		await waitFor(async () => (await lastDay()) === date(12), 'the generation to extend', 20_000)
		await node!.db('clinic').update({ slot_days_ahead: 2 })
		expect(await nightly()).to.equal(202)
		await waitFor(async () => (await lastDay()) === date(2), 'the generation to cut', 20_000)
	})

	it('is that of the last of several changes at once', async () => {
		await Promise.all([set(20), set(4), set(15), set(8)])
		const { body } = await call(other!, 'GET', '/clinic')
		await waitFor(async () => (await lastDay()) === date(body.policy.slotDaysAhead), 'the slots to follow', 20_000)
	})
})
