import { expect } from 'chai'
import { DateTime } from 'luxon'
import type { Snapshot } from '../../contract/index.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist } from '../support/people.ts'
import { aSocket, closeSockets, ok, refused } from '../support/watcher.ts'

describe('the range of a calendar', () => {
	const node = useNode()
	afterEach(closeSockets)

	/** Asks over both transports, whose answers must agree. */
	const ask = async (doctorId: string, from: string, to: string) => {
		const answer = await call<Snapshot & { code?: string }>(node, 'GET', `/doctors/${doctorId}/slots?from=${from}&to=${to}`)
		const socket = await aSocket(node)
		const ack = await socket.emitWithAck('calendar:watch', { doctorId, from, to })
		socket.disconnect()
		if (answer.status !== 200) {
			expect(refused(ack).code).to.equal(answer.body.code)
			return { status: answer.status, code: answer.body.code, ids: [] }
		}
		const ids = answer.body.slots.map(slot => slot.id)
		expect(ok(ack).slots.map(slot => slot.id)).to.deep.equal(ids)
		return { status: 200, code: undefined, ids }
	}

	it('spans at most 42 days', async () => {
		const { id } = await aDoctor(node)
		expect((await ask(id, '2027-01-01', '2027-02-11')).status).to.equal(200)
		expect(await ask(id, '2027-01-01', '2027-02-12')).to.include({ status: 400, code: 'invalid_input' })
		expect((await ask(id, '2027-01-01', '2027-01-01')).status).to.equal(200)
	})

	it('cannot end before it begins, and has dates only', async () => {
		const { id } = await aDoctor(node)
		const wrong = [
			['2027-01-02', '2027-01-01'],
			['2027-02-30', '2027-03-01'],
			['tomorrow', '2027-03-01'],
			['2027-01-01T00:00:00Z', '2027-01-02'],
			['', '2027-01-01'],
		]
		for (const [from, to] of wrong) expect(await ask(id, from!, to!), `${from} to ${to}`).to.include({ status: 400, code: 'invalid_input' })
		const socket = await aSocket(node)
		expect(refused(await socket.emitWithAck('calendar:watch', { doctorId: id } as never)).code).to.equal('invalid_input')
	})

	it('is refused for accounts other than approved doctors', async () => {
		const { from, to } = soon()
		const pending = await aDoctor(node, { status: 'pending' })
		const disabled = await aDoctor(node, { status: 'disabled' })
		const patient = await aPatient(node)
		const desk = await aReceptionist(node)
		const unknownIds = ['999999', '0', '-1', 'x', '1e3', '99999999999999999999999', `${pending.id} `]
		for (const id of [pending.id, disabled.id, patient.id, desk.id, ...unknownIds]) {
			expect(await ask(encodeURIComponent(id), from, to), id).to.include({ status: 404, code: 'not_found' })
		}
	})

	it('does not end the present watch when another calendar does not exist', async () => {
		const doctor = await aDoctor(node)
		const [slotId] = await someSlots(node, doctor.id)
		const socket = await aSocket(node)
		ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
		refused(await socket.emitWithAck('calendar:watch', { doctorId: '999999', ...soon() }))
		const told = new Promise(resolve => socket.once('calendar:changed', resolve))
		await call(node, 'POST', `/slots/${slotId}/hold`, { token: (await aPatient(node)).token, body: {} })
		expect(await told).to.have.nested.property('changes[0].id', slotId)
	})

	for (const timeZone of ['Pacific/Auckland', 'America/Los_Angeles', 'Pacific/Kiritimati', 'Asia/Kathmandu', 'UTC']) {
		it(`begins and ends at midnight in ${timeZone}`, async () => {
			const doctor = await aDoctor(node, { timeZone })
			const midnight = DateTime.fromISO('2027-06-10T00:00', { zone: timeZone })
			const around = await someSlots(node, doctor.id, { count: 4, from: midnight.minus({ hours: 1 }).toJSDate() })
			const before = await someSlots(node, doctor.id, { count: 2, from: midnight.minus({ days: 1 }).minus({ minutes: 30 }).toJSDate() })
			const after = await someSlots(node, doctor.id, { count: 2, from: midnight.plus({ days: 1 }).minus({ minutes: 30 }).toJSDate() })
			expect((await ask(doctor.id, '2027-06-09', '2027-06-09')).ids).to.deep.equal([before[1], around[0], around[1]])
			expect((await ask(doctor.id, '2027-06-10', '2027-06-10')).ids).to.deep.equal([around[2], around[3], after[0]])
			expect((await ask(doctor.id, '2027-06-09', '2027-06-10')).ids).to.deep.equal([before[1], ...around, after[0]])
		})
	}

	it('has 23 and 25 hours on the days when clocks change', async () => {
		const timeZone = 'America/Los_Angeles'
		const doctor = await aDoctor(node, { timeZone })
		for (const [date, hours] of [
			['2027-03-14', 23],
			['2027-11-07', 25],
		] as const) {
			const start = DateTime.fromISO(`${date}T00:00`, { zone: timeZone })
			const slots = await someSlots(node, doctor.id, { count: 28, minutes: 60, from: start.minus({ hours: 1 }).toJSDate() })
			expect((await ask(doctor.id, date, date)).ids).to.deep.equal(slots.slice(1, 1 + hours))
		}
	})

	it('shows free slots that have begun as blocked', async () => {
		const doctor = await aDoctor(node)
		const hour = 3_600_000
		const from = new Date(Math.floor(Date.now() / hour) * hour - 2 * hour)
		const slots = await someSlots(node, doctor.id, { count: 5, minutes: 60, from })
		const { body } = await call<Snapshot>(node, 'GET', `/doctors/${doctor.id}/slots?from=${soon().from}&to=${soon().to}`)
		expect(body.slots.map(slot => slot.id)).to.deep.equal(slots)
		const begun = (slot: { startsAt: string }) => Date.parse(slot.startsAt) <= Date.now()
		expect(body.slots.map(slot => slot.state)).to.deep.equal(body.slots.map(slot => (begun(slot) ? 'blocked' : 'free')))
		expect(body.slots.slice(0, 3).map(slot => slot.state)).to.deep.equal(['blocked', 'blocked', 'blocked'])
	})
})
