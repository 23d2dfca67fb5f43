import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Appointment } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { aSocket } from '../support/watcher.ts'
import { book, cancel, codeOf, done, hold, receivedBy, reschedule, setStatus, slotsOf, useDesk } from './desk.ts'

describe('undoing an act at the desk', () => {
	const { node, desk, doctor, patient } = useDesk()

	const undo = (by: Person, { id }: { id: string }, key?: string) =>
		call(node, 'POST', `/appointments/${id}/undo`, { token: by.token, body: {}, ...(key && { key }) })
	const booked = async (slot: string) => done(await book(node, desk, slot, { patientId: patient.id }))
	const atOnce = ({ id }: { id: string }) =>
		node
			.db('notification_queue')
			.where({ appointment_id: id, lead_minutes: -1 })
			.orderBy('id')
			.select('kind', 'status', 'due_at', 'created_at')
	const statesOf = async (visit: { id: string }) => (await atOnce(visit)).map(({ kind, status }) => `${kind} ${status}`)
	const remindersDue = async ({ id }: { id: string }): Promise<number> =>
		Number((await node.db('notification_queue').where({ appointment_id: id, kind: 'reminder', status: 'due' }).count('id as n').first())?.n)

	it('takes a booking back, frees its slot and voids the message that waited', async () => {
		const [slot] = await slotsOf(node, doctor)
		const visit = await booked(slot)
		const undone = done(await undo(desk, visit))
		expect(undone).to.deep.include({ id: visit.id, status: 'cancelled', sequence: 1 })
		expect(await statesOf(visit)).to.deep.equal(['booked void'])
		expect(await remindersDue(visit)).to.equal(0)
		done(await book(node, desk, slot, { patientId: (await aPatient(node)).id }))
	})

	it('has messages of the desk wait for longer than it can be undone, and those of patients not', async () => {
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const waits = async (visit: Appointment) => {
			const [message] = await atOnce(visit)
			return (message.due_at.getTime() - message.created_at.getTime()) / 1000
		}
		expect(await waits(await booked(first))).to.be.within(10, 20)
		expect(await waits(done(await book(node, patient, second)))).to.equal(0)
	})

	it('moves a visit back, to another doctor as well, with its reminders', async () => {
		const [from] = await slotsOf(node, doctor)
		const [to] = await slotsOf(node, await aDoctor(node))
		const visit = done(await book(node, patient, from))
		const before = await remindersDue(visit)
		done(await reschedule(node, desk, visit.id, to))
		const undone = done(await undo(desk, visit))
		expect(undone).to.deep.include({
			doctorId: doctor.id,
			startsAt: visit.startsAt,
			endsAt: visit.endsAt,
			slotIds: visit.slotIds,
			status: 'booked',
		})
		expect(await remindersDue(visit)).to.equal(before)
		expect((await statesOf(visit)).filter(state => state.startsWith('rescheduled'))).to.deep.equal(['rescheduled void'])
		expect((await node.db('appointments').where({ id: visit.id }).first('moves')).moves).to.equal(0)
		done(await book(node, desk, to, { patientId: (await aPatient(node)).id }))
	})

	it('restores a cancelled visit with its slots, and forgets why it was cancelled', async () => {
		const [slot] = await slotsOf(node, doctor)
		const visit = await booked(slot)
		done(await cancel(node, desk, visit.id, { reason: 'a mistake' }))
		const undone = done(await undo(desk, visit))
		expect(undone).to.deep.include({ status: 'booked', startsAt: visit.startsAt, slotIds: visit.slotIds })
		expect((await node.db('appointments').where({ id: visit.id }).first('cancel_reason')).cancel_reason).to.equal(null)
		// The patient had not heard of the booking either, and does now.
		expect(await statesOf(visit)).to.deep.equal(['booked void', 'cancelled void', 'booked due'])
		expect(codeOf(await book(node, desk, slot, { patientId: (await aPatient(node)).id }))).to.equal('slot_booked')
	})

	it('is refused when the slots of a cancelled visit are booked or held by now', async () => {
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const [one, two] = [await booked(first), await booked(second)]
		for (const { id } of [one, two]) done(await cancel(node, desk, id))
		done(await book(node, await aPatient(node), first))
		done(await hold(node, await aPatient(node), second))
		expect(codeOf(await undo(desk, one))).to.equal('slot_booked')
		expect(codeOf(await undo(desk, two))).to.equal('slot_held')
		expect((await node.db('appointments').where({ id: one.id }).first('status')).status).to.equal('cancelled')
	})

	it('is refused when the patient has another visit at that time by now', async () => {
		const [slot] = await slotsOf(node, doctor)
		const [other] = await slotsOf(node, await aDoctor(node))
		const visit = await booked(slot)
		done(await cancel(node, desk, visit.id))
		done(await book(node, patient, other))
		expect(codeOf(await undo(desk, visit))).to.equal('patient_overlap')
	})

	it('sets a status back, also one that has no way back otherwise', async () => {
		const from = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 600_000)
		const [slot] = await slotsOf(node, doctor, { from: new Date(Math.floor(Date.now() / 60_000) * 60_000 + 60_000 * 60) })
		const visit = await booked(slot)
		await node
			.db('appointment_slots')
			.where({ appointment_id: visit.id })
			.update({ starts_at: from, ends_at: new Date(from.getTime() + 1_800_000) })
		await node
			.db('appointments')
			.where({ id: visit.id })
			.update({ starts_at: from, ends_at: new Date(from.getTime() + 1_800_000), slot_starts: [from] })
		for (const status of ['completed', 'in_progress', 'checked_in', 'no_show']) {
			done(await setStatus(node, desk, visit.id, status))
			if (status === 'no_show') expect(done(await undo(desk, visit)).status).to.equal('checked_in')
		}
	})

	it('is for the account that acted, once, and within ten seconds', async () => {
		const [slot, other] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const visit = await booked(slot)
		expect(codeOf(await undo(await anAdmin(node), visit))).to.equal('forbidden')
		expect(codeOf(await undo(patient, visit))).to.equal('forbidden')
		done(await undo(desk, visit))
		expect(codeOf(await undo(desk, visit))).to.equal('wrong_status')
		const late = await booked(other)
		await node.db.raw(`ALTER TABLE audit_log DISABLE TRIGGER USER`)
		await node
			.db('audit_log')
			.where({ entity: 'appointment', entity_id: late.id })
			.update({ at: node.db.raw(`now() - interval '14 seconds'`) })
		await node.db.raw(`ALTER TABLE audit_log ENABLE TRIGGER USER`)
		expect(codeOf(await undo(desk, late))).to.equal('too_late')
	})

	it('answers a repetition with the same key alike', async () => {
		const [slot] = await slotsOf(node, doctor)
		const visit = await booked(slot)
		const key = randomUUID()
		const [first, second] = [done(await undo(desk, visit, key)), done(await undo(desk, visit, key))]
		expect(second).to.deep.equal(first)
	})

	it('happens once when two clicks race, and never undoes a later change of another account', async () => {
		const [slot, target] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const visit = await booked(slot)
		const [one, two] = await Promise.all([undo(desk, visit), undo(desk, visit)])
		expect([codeOf(one), codeOf(two)].sort()).to.deep.equal(['ok', 'wrong_status'])
		const next = await booked(slot)
		const admin = await anAdmin(node)
		const [undone, moved] = await Promise.all([undo(desk, next), reschedule(node, admin, next.id, target)])
		const { status } = await node.db('appointments').where({ id: next.id }).first('status')
		const codes = [codeOf(undone), codeOf(moved)]
		expect(codes).to.deep.equal(status === 'cancelled' ? ['ok', 'wrong_status'] : [codes[0], 'ok'])
	})

	it('tells the patient when a message of the act has been sent already', async () => {
		const [slot] = await slotsOf(node, doctor)
		const visit = await booked(slot)
		await node.db('notification_queue').where({ appointment_id: visit.id, kind: 'booked' }).update({ status: 'sent', sent_at: new Date() })
		done(await undo(desk, visit))
		expect(await statesOf(visit)).to.deep.equal(['booked sent', 'cancelled due'])
	})

	it('is seen by watchers of the visit, and recorded with what was and is', async () => {
		const [slot] = await slotsOf(node, doctor)
		const visit = await booked(slot)
		done(await cancel(node, desk, visit.id))
		const received = receivedBy(await aSocket(node, desk.token))
		done(await undo(desk, visit))
		await new Promise(resolve => setTimeout(resolve, 200))
		expect(received.map(({ change, appointment }) => [change, appointment.status])).to.deep.equal([['booked', 'booked']])
		const [entry] = await node.db('audit_log').where({ entity: 'appointment', entity_id: visit.id, action: 'undone' })
		expect(entry.details).to.deep.include({ undoes: 'cancelled', patientId: patient.id, from: { status: 'cancelled' } })
		expect(entry.details.to).to.deep.include({ status: 'booked', doctorId: doctor.id, startsAt: visit.startsAt })
	})
})
