import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { anAppointment, everyDay, generate, setSchedule, slotsOf } from './support.ts'

const dayMs = 86_400_000
const tomorrow = Math.floor(Date.now() / dayMs + 1) * dayMs
const at = (day: number, hour: number) => new Date(tomorrow + day * dayMs + hour * 3_600_000)

describe('time off', () => {
	const node = useNode()
	let doctor: Person

	const path = (id = doctor.id) => `/doctors/${id}/time-off`
	const add = (from: Date, to: Date, token = doctor.token, reason?: string) =>
		call(node, 'POST', path(), { token, body: { startsAt: from.toISOString(), endsAt: to.toISOString(), reason } })
	const remove = (id: string, token = doctor.token) => call(node, 'DELETE', `${path()}/${id}`, { token })
	const blockedHours = async () =>
		(await slotsOf(node.db, doctor.id)).filter(slot => slot.is_blocked).map(slot => (slot.starts_at.getTime() - tomorrow) / 3_600_000)

	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'UTC' })
		await setSchedule(node.db, doctor.id, { timeZone: 'UTC', slotMinutes: 60, weekly: everyDay('08:00', '12:00') })
		await generate(node.db, doctor.id, { days: 3 })
	})

	it('blocks the slots that it touches, booked ones too, and returns the appointments', async () => {
		const booked = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(0, 9), endsAt: at(0, 10) })
		await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(0, 10), endsAt: at(0, 11), status: 'cancelled' })
		const { status, body } = await add(new Date(at(0, 9).getTime() + 1), at(0, 11))
		expect(status).to.equal(201)
		expect(body.conflicts).to.deep.equal([booked])
		expect(await blockedHours()).to.deep.equal([9, 10])
	})

	it('opens the slots again when removed, except those that other time off covers', async () => {
		const first = await add(at(0, 8), at(0, 11))
		await add(at(0, 10), at(0, 12))
		expect(await blockedHours()).to.deep.equal([8, 9, 10, 11])
		expect((await remove(first.body.id)).status).to.equal(204)
		expect(await blockedHours()).to.deep.equal([10, 11])
		expect((await remove(first.body.id)).status).to.equal(404)
	})

	it('is listed by start, page by page, without time off that is over', async () => {
		const days = [2, 0, 1]
		for (const day of days) await add(at(day, 8), at(day, 9), doctor.token, `day ${day}`)
		await add(at(-5, 8), at(-4, 9))
		const first = await call(node, 'GET', `${path()}?limit=2`, { token: doctor.token })
		const second = await call(node, 'GET', `${path()}?limit=2&cursor=${first.body.nextCursor}`, { token: doctor.token })
		expect([...first.body.items, ...second.body.items].map(item => item.reason)).to.deep.equal(['day 0', 'day 1', 'day 2'])
		expect(first.body.items[0]).to.include({ doctorId: doctor.id, startsAt: at(0, 8).toISOString(), endsAt: at(0, 9).toISOString() })
		expect(second.body.nextCursor).to.equal(null)
		const broken = await call(node, 'GET', `${path()}?cursor=${Buffer.from('["x","y"]').toString('base64url')}`, { token: doctor.token })
		expect(broken.body.code).to.equal('invalid_input')
	})

	it('is for the doctor and staff only', async () => {
		const [admin, desk, other, patient] = [await anAdmin(node), await aReceptionist(node), await aDoctor(node), await aPatient(node)]
		for (const { token } of [admin, desk]) expect((await add(at(1, 8), at(1, 9), token)).status).to.equal(201)
		for (const { token } of [other, patient]) {
			expect((await add(at(1, 8), at(1, 9), token)).body.code).to.equal('forbidden')
			expect((await remove('1', token)).body.code).to.equal('forbidden')
			expect((await call(node, 'GET', path(), { token })).body.code).to.equal('forbidden')
		}
		expect((await call(node, 'GET', path())).body.code).to.equal('unauthenticated')
	})

	it('refuses empty spans, very long ones, and unknown doctors', async () => {
		expect((await add(at(1, 9), at(1, 9))).body.code).to.equal('invalid_input')
		expect((await add(at(1, 9), at(402, 9))).body.code).to.equal('invalid_input')
		const { token } = await anAdmin(node)
		const body = { startsAt: at(1, 8).toISOString(), endsAt: at(1, 9).toISOString() }
		for (const id of ['999999999', 'nobody', token.slice(0, 20)]) {
			expect((await call(node, 'POST', path(id), { token, body })).body.code).to.equal('not_found')
		}
		for (const id of ['0', 'x', '99999999999999999999']) expect((await remove(id)).body.code).to.equal('not_found')
	})

	it('is recorded in the audit log', async () => {
		const { body } = await add(at(1, 8), at(1, 9))
		await remove(body.id)
		const facts = await node.db('audit_log').where({ entity: 'time_off', entity_id: body.id }).orderBy('id').select('action', 'actor_id')
		expect(facts).to.deep.equal([
			{ action: 'added', actor_id: doctor.id },
			{ action: 'removed', actor_id: doctor.id },
		])
	})
})
