import { expect } from 'chai'
import { soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { anAdmin, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher } from '../support/watcher.ts'
import { book, cancel, codeOf, done, hold, reschedule, slotsOf, useDesk } from './desk.ts'

describe('the buffer after a visit', () => {
	const { node, desk, doctor, patient } = useDesk()
	let typeId: string
	before(async () => {
		const body = { name: 'With a buffer', minutes: 30, bufferMinutes: 20 }
		typeId = done<{ id: string }>(await call(node, 'POST', '/appointment-types', { token: (await anAdmin(node)).token, body })).id
	})

	it('keeps slots free that are not part of the visit, and staff see which these are', async () => {
		const slots = await slotsOf(node, doctor, { count: 6, minutes: 15 })
		const staff = await aWatcher(await aSocket(node, desk.token), doctor.id, soon())
		const stranger = await aWatcher(await aSocket(node), doctor.id, soon())
		const visit = done(await book(node, patient, slots[0], { typeId }))
		expect(visit.slotIds).to.deep.equal(slots.slice(0, 4))
		expect(Date.parse(visit.endsAt) - Date.parse(visit.startsAt), 'what the patient reads').to.equal(30 * 60_000)
		await waitFor(() => staff.stateOf(slots[3] as string) === 'booked', 'the buffer')
		const marks = slots.map(id => staff.picture.get(id)?.appointment?.buffer)
		expect(marks).to.deep.equal([undefined, undefined, true, true, undefined, undefined])
		const { from, to } = soon()
		const { body } = await call(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`, { token: desk.token })
		expect(body.slots.slice(0, 6).map((slot: { appointment?: { buffer?: true } }) => slot.appointment?.buffer)).to.deep.equal(marks)
		expect(JSON.stringify([...stranger.picture.values()])).to.not.include('buffer')
		const other = await aPatient(node)
		expect(codeOf(await book(node, other, slots[3] as string))).to.equal('slot_booked')
		expect(codeOf(await book(node, other, slots[4] as string))).to.equal('ok')
	})

	it('is held with the visit, moves with it, and is free again after it is cancelled', async () => {
		const slots = await slotsOf(node, doctor, { count: 10, minutes: 15 })
		expect(done<{ slotIds: string[] }>(await hold(node, patient, slots[0], typeId)).slotIds).to.deep.equal(slots.slice(0, 4))
		const visit = done(await book(node, patient, slots[0], { typeId }))
		const moved = done(await reschedule(node, patient, visit.id, slots[5] as string))
		expect(moved.slotIds).to.deep.equal(slots.slice(5, 9))
		expect(Date.parse(moved.endsAt) - Date.parse(moved.startsAt)).to.equal(30 * 60_000)
		expect(codeOf(await book(node, await aPatient(node), slots[3] as string))).to.equal('ok')
		done(await cancel(node, patient, visit.id))
		expect(codeOf(await book(node, await aPatient(node), slots[8] as string))).to.equal('ok')
	})

	it('needs room: a time without it is neither listed nor booked', async () => {
		const slots = await slotsOf(node, doctor, { count: 3, minutes: 15 })
		expect(codeOf(await book(node, patient, slots[0], { typeId }))).to.equal('slot_blocked')
		const { from, to } = soon()
		const { body } = await call(node, 'GET', `/availability?typeId=${typeId}&from=${from}&to=${to}&doctorIds=${doctor.id}`)
		expect(body.days).to.deep.equal([])
	})

	it('is no time of the patient, who may have another visit in it', async () => {
		const [first] = await slotsOf(node, doctor, { count: 4, minutes: 15 })
		const visit = done(await book(node, patient, first, { typeId }))
		const admin = await anAdmin(node)
		const extra = { doctorId: doctor.id, startsAt: visit.endsAt, minutes: 10, patientId: patient.id, extra: { reason: 'Blood' } }
		expect(codeOf(await call(node, 'POST', '/appointments', { token: admin.token, body: extra }))).to.equal('ok')
	})
})
