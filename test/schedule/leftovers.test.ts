import { expect } from 'chai'
import { findingsIn } from '../../server/operations/check/check.ts'
import { inTransaction } from '../../server/platform/database/database.ts'
import { slotId } from '../../server/slots/slot-id.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets } from '../support/watcher.ts'
import { anAppointment, aSite, everyDay, slotsOf } from './support.ts'

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
const at = (day: number, hour: number) => new Date(today + day * dayMs + hour * 3_600_000)
const date = (day: number) => at(day, 0).toISOString().slice(0, 10)

describe('a booked slot that the hours no longer have', function () {
	this.timeout(60_000)
	const [node, other] = useNodes(2, { SLOT_DAYS_AHEAD: '5', RATE_LIMIT: 'off' })
	let doctor: Person
	let patient: Person
	let planId: string

	const change = (weekly: object[], on = node!) =>
		call(on, 'PATCH', `/doctors/${doctor.id}/plans/${planId}`, { token: doctor.token, body: { weekly } })
	const idAt = (startsAt: Date) => slotId(doctor.id, startsAt.getTime() / 60_000)
	const book = (id: string, { token }: Person, on = node!) => call(on, 'POST', '/appointments', { token, body: { slotId: id } })
	const cancel = (id: string, { token }: Person, on = node!) => call(on, 'POST', `/appointments/${id}/cancel`, { token, body: {} })
	const shown = async () =>
		(await call(node!, 'GET', `/doctors/${doctor.id}/slots?from=${date(0)}&to=${date(9)}`)).body.slots as { id: string; state: string }[]
	const stateOf = async (id: string) => (await shown()).find(slot => slot.id === id)?.state
	const endLeftovers = async () => {
		const { token } = await anAdmin(node!)
		expect((await call(node!, 'POST', '/admin/jobs/end%20leftover%20slots/run', { token })).status).to.equal(202)
	}

	beforeEach(async () => {
		const siteId = await aSite(node!.db, 'UTC')
		doctor = await aDoctor(node!, { timeZone: 'UTC' })
		patient = await aPatient(node!)
		const plan = { siteId, slotMinutes: 30, weekly: everyDay('08:00', '12:00'), validFrom: date(0) }
		planId = (await call(node!, 'POST', `/doctors/${doctor.id}/plans`, { token: doctor.token, body: plan })).body.id
	})
	afterEach(closeSockets)

	it('is not to be had when its visit is cancelled, and ends within a minute', async () => {
		const id = idAt(at(2, 8))
		const visit = await book(id, patient)
		expect((await change(everyDay('10:00', '12:00'))).body.conflicts).to.deep.equal([visit.body.id])
		const watcher = await aWatcher(await aSocket(other!), doctor.id, { from: date(0), to: date(9) })
		expect(watcher.stateOf(id)).to.equal('booked')
		expect((await cancel(visit.body.id, patient)).status).to.equal(200)
		await waitFor(() => watcher.stateOf(id) === 'blocked', 'the watcher to see the slot closed')
		expect((await book(id, patient)).body.code).to.equal('slot_blocked')
		expect((await call(node!, 'POST', `/slots/${id}/hold`, { token: patient.token, body: {} })).body.code).to.equal('slot_blocked')
		await endLeftovers()
		await waitFor(async () => (await stateOf(id)) === undefined && watcher.stateOf(id) === undefined, 'the slot to end', 20_000)
		expect((await book(id, patient)).body.code).to.equal('not_found')
	})

	it('stays closed when time off around it ends', async () => {
		const id = idAt(at(2, 8))
		const visit = await book(id, patient)
		await change(everyDay('10:00', '12:00'))
		const body = { startsAt: at(2, 7).toISOString(), endsAt: at(2, 11).toISOString() }
		const off = await call(node!, 'POST', `/doctors/${doctor.id}/time-off`, { token: doctor.token, body })
		await call(node!, 'DELETE', `/doctors/${doctor.id}/time-off/${off.body.id}`, { token: doctor.token })
		await cancel(visit.body.id, patient)
		expect(await stateOf(id)).to.equal('blocked')
		expect(await stateOf(idAt(at(2, 10)))).to.equal('free')
	})

	it('is a slot like any other when the hours have it again', async () => {
		const id = idAt(at(2, 8))
		const visit = await book(id, patient)
		await change(everyDay('10:00', '12:00'))
		await change(everyDay('08:00', '12:00'))
		await cancel(visit.body.id, patient)
		expect(await stateOf(id)).to.equal('free')
		expect((await book(id, patient)).status).to.equal(201)
	})

	it('is found even when it was being booked while the hours changed', async () => {
		let changing: Promise<{ status: number }> | undefined
		await inTransaction(node!.db, async trx => {
			await anAppointment(trx, { doctorId: doctor.id, startsAt: at(2, 8), endsAt: at(2, 8.5) })
			changing = change(everyDay('10:00', '12:00'))
			const isChanged = async () => (await node!.db('appointment_slots').where({ doctor_id: doctor.id, starts_at: at(3, 8) })).length === 0
			await waitFor(isChanged, 'the hours to change')
		})
		expect((await changing)?.status).to.equal(200)
		const [slot] = (await slotsOf(node!.db, doctor.id)).filter(each => each.starts_at.getTime() === at(2, 8).getTime())
		expect(slot).to.include({ is_blocked: true })
		expect(slot!.appointment_id).not.to.equal(null)
	})

	it('is never shown as free, whatever is booked and cancelled while the hours change on another node', async () => {
		const range = { from: date(0), to: date(9) }
		const watchers = await Promise.all([node!, other!].map(async on => await aWatcher(await aSocket(on), doctor.id, range)))
		const patients = await Promise.all(Array.from({ length: 6 }, () => aPatient(node!)))
		let isOver = false

		async function bookAndCancel(who: Person, turn: number) {
			for (let n = 0; !isOver; n++) {
				const on = n % 2 ? node! : other!
				const free = (await shown()).filter(slot => slot.state === 'free')
				const slot = free[(n * 7 + turn * 13) % free.length]
				const booked = slot && (await book(slot.id, who, on))
				if (booked?.status === 201) expect((await cancel(booked.body.id, who, on)).status).to.equal(200)
			}
		}
		async function changeHours() {
			for (const [n, hours] of ['10:00', '08:00', '11:00', '09:00', '08:30', '10:30'].entries())
				expect((await change(everyDay(hours, '12:00'), n % 2 ? node! : other!)).status).to.equal(200)
			isOver = true
		}
		await Promise.all([
			...patients.map(bookAndCancel),
			changeHours().finally(() => {
				isOver = true
			}),
		])

		const truth = async () => new Map((await shown()).map(slot => [slot.id, slot.state]))
		const picturesOf = () => watchers.map(watcher => new Map([...watcher.picture.values()].map(slot => [slot.id, slot.state])))
		const sorted = (states: Map<string, string>) => [...states].sort(([a], [b]) => (a < b ? -1 : 1))
		await waitFor(async () => {
			const wanted = JSON.stringify(sorted(await truth()))
			return picturesOf().every(picture => JSON.stringify(sorted(picture)) === wanted)
		}, 'watchers to see what is so')
		for (const [id, state] of await truth())
			if (state === 'free') expect(new Date(Number(id.split('-')[1]) * 60_000).toISOString().slice(11, 16) >= '10:30', id).to.equal(true)
		expect(
			await findingsIn(node!.db, ['slots blocked wrongly', 'slots of others', 'appointments without slots', 'overlapping slots']),
		).to.deep.equal([])
	})
})
