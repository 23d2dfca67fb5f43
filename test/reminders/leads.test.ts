import { expect } from 'chai'
import { book, done } from '../booking/desk.ts'
import { hoursAhead } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { aSlot, ledgerInWords, ledgerOf } from './a-clinic.ts'

describe('when a clinic reminds', () => {
	const node = useNode({ ROLE: 'web', REMINDER_MINUTES: '1440,5', RATE_LIMIT: 'off' })
	let admin: Person
	let doctor: Person

	before(async () => {
		admin = await anAdmin(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		await set(null)
	})

	const set = (reminderMinutes: number[] | null) =>
		call(node, 'PATCH', '/clinic', { token: admin.token, body: { policy: { reminderMinutes } } })
	let places = 48
	const aBooking = async (hours = places++) => done(await book(node, await aPatient(node), await aSlot(node, doctor.id, hoursAhead(hours))))
	const remindersOf = async ({ id }: { id: string }) => (await ledgerInWords(node, id)).filter(row => row.includes('reminder'))

	it('is what the server was started with, until an admin sets it', async () => {
		expect(await remindersOf(await aBooking())).to.have.members(['email reminder-1440 due', 'email reminder-5 due'])
		expect((await set([60, 600, 60])).body.policy.reminderMinutes).to.deep.equal([600, 60])
		const visit = await aBooking()
		expect(await remindersOf(visit)).to.have.members(['email reminder-600 due', 'email reminder-60 due'])
		for (const { kind, due_at, lead_minutes } of await ledgerOf(node, visit.id))
			if (kind === 'reminder') expect(due_at.getTime()).to.equal(Date.parse(visit.startsAt) - lead_minutes * 60_000)
		await set([])
		expect(await remindersOf(await aBooking())).to.deep.equal([])
	})

	it('concerns visits that are booked already, too: their reminders are planned again', async () => {
		const [soon, later] = [await aBooking(2), await aBooking(48)]
		await set([600, 5])
		expect(await remindersOf(soon)).to.have.members(['email reminder-5 due'])
		expect(await remindersOf(later)).to.have.members(['email reminder-1440 void', 'email reminder-5 due', 'email reminder-600 due'])
		await set(null)
		expect(await remindersOf(later)).to.have.members(['email reminder-1440 due', 'email reminder-5 due', 'email reminder-600 void'])
	})

	it('does not repeat or take back what was sent', async () => {
		const visit = await aBooking()
		await node.db('notification_queue').where({ appointment_id: visit.id, lead_minutes: 1440 }).update({ status: 'sent', attempts: 1 })
		await set([5])
		await set([1440, 5])
		expect(await remindersOf(visit)).to.have.members(['email reminder-1440 sent', 'email reminder-5 due'])
	})

	it('leaves no booking with old reminders that was made at the time of the change', async () => {
		const slots = await Promise.all(Array.from({ length: 40 }, (_, n) => aSlot(node, doctor.id, hoursAhead(48 + n))))
		const patients = await Promise.all(slots.map(() => aPatient(node)))
		const bookings = slots.map((slot, n) => book(node, patients[n] as Person, slot))
		await set([600, 5])
		const visits = (await Promise.all(bookings)).map(answer => done(answer))
		for (const visit of visits) {
			const waiting = (await remindersOf(visit)).filter(row => row.endsWith('due'))
			expect(waiting).to.have.members(['email reminder-600 due', 'email reminder-5 due'])
		}
	})
})
