import { expect } from 'chai'
import { book, cancel, done, reschedule, setStatus } from '../booking/desk.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aSlot, ledgerInWords, ledgerOf } from './a-clinic.ts'

const twilio = { TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'secret', TWILIO_FROM: '+4930999', TWILIO_API_URL: 'http://127.0.0.1:9' }

describe('the ledger', () => {
	// A node that takes bookings and sends no messages, so that the ledger stays as the bookings wrote it.
	const node = useNode({ ROLE: 'web', ...twilio })
	let doctor: Person

	beforeEach(async () => {
		doctor = await aDoctor(node)
	})

	const device = (patient: Person) =>
		node.db('push_subscriptions').insert({ user_id: patient.id, endpoint: `https://push.example/${patient.id}`, p256dh: 'k', auth: 'a' })

	it('receives a confirmation and reminders with the booking, for every channel that reaches the patient', async () => {
		const patient = await aPatient(node, { phone: '+49 30 5550101' })
		await device(patient)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		expect(await ledgerInWords(node, visit.id)).to.have.members(
			['email', 'sms', 'push'].flatMap(channel => [`${channel} booked due`, `${channel} reminder-1440 due`, `${channel} reminder-5 due`]),
		)
		const startsMs = Date.parse(visit.startsAt)
		for (const row of await ledgerOf(node, visit.id)) {
			if (row.kind === 'reminder') expect(row.due_at.getTime()).to.equal(startsMs - row.lead_minutes * 60_000)
			else expect(row.due_at.getTime()).to.be.closeTo(Date.now(), 10_000)
		}
	})

	it('has no row for a channel without an address, or an unwanted one', async () => {
		const patient = await aPatient(node, { phone: '+49 30 5550102' })
		await node.db('patients').where({ id: patient.id }).update({ email: null, notify_sms: false })
		const visit = done(await book(node, patient, await aSlot(node, doctor.id)))
		expect(await ledgerInWords(node, visit.id)).to.deep.equal([])
	})

	it('tells a patient who wants no messages what the clinic cancelled or moved, and nothing else', async () => {
		const [patient, desk] = [await aPatient(node, { phone: '+49 30 5550103' }), await aReceptionist(node)]
		await node.db('patients').where({ id: patient.id }).update({ notify_email: false, notify_sms: false })
		const [from = '', to = '', other = ''] = await someSlots(node, doctor.id, { count: 3, from: hoursAhead(72) })
		const visit = done(await book(node, patient, from))
		done(await reschedule(node, desk, visit.id, to))
		done(await cancel(node, desk, visit.id))
		expect(await ledgerInWords(node, visit.id)).to.have.members(['email rescheduled void', 'email cancelled due'])
		const own = done(await book(node, patient, other))
		done(await cancel(node, patient, own.id))
		expect(await ledgerInWords(node, own.id), 'the patient’s own act').to.deep.equal([])
		await node.db('patients').where({ id: patient.id }).update({ email: null })
		const byPhone = done(await book(node, patient, from))
		done(await cancel(node, desk, byPhone.id))
		expect(await ledgerInWords(node, byPhone.id)).to.deep.equal(['sms cancelled due'])
	})

	it('skips leads that are longer than the time to the visit', async () => {
		const patient = await aPatient(node)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(2))))
		expect(await ledgerInWords(node, visit.id)).to.have.members(['email booked due', 'email reminder-5 due'])
	})

	it('voids due messages when the visit is cancelled, and announces the cancellation', async () => {
		const patient = await aPatient(node)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		done(await cancel(node, patient, visit.id))
		expect(await ledgerInWords(node, visit.id)).to.have.members([
			'email booked void',
			'email reminder-1440 void',
			'email reminder-5 void',
			'email cancelled due',
		])
		expect((await ledgerOf(node, visit.id)).find(row => row.status === 'void')?.last_error).to.equal('the visit was cancelled')
	})

	it('voids due messages and writes new ones when the visit moves', async () => {
		const patient = await aPatient(node)
		const [from = '', to = ''] = await someSlots(node, doctor.id, { count: 2, from: hoursAhead(72) })
		const visit = done(await book(node, patient, from))
		const moved = done(await reschedule(node, patient, visit.id, to))
		const rows = await ledgerOf(node, visit.id)
		expect(rows.filter(row => row.status === 'void')).to.have.length(3)
		const fresh = rows.filter(row => row.status === 'due')
		expect(fresh.map(row => `${row.kind} ${row.lead_minutes} ${row.appointment_sequence}`)).to.have.members([
			'rescheduled -1 1',
			'reminder 1440 1',
			'reminder 5 1',
		])
		expect(fresh.find(row => row.lead_minutes === 5)?.due_at.toISOString()).to.equal(
			new Date(Date.parse(moved.startsAt) - 300_000).toISOString(),
		)
	})

	it('keeps its rows when only the status changes', async () => {
		const patient = await aPatient(node)
		const desk = await aReceptionist(node)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		done(await setStatus(node, desk, visit.id, 'checked_in'))
		done(await setStatus(node, desk, visit.id, 'booked'))
		const rows = await ledgerOf(node, visit.id)
		expect(rows.map(row => `${row.kind} ${row.status} ${row.appointment_sequence}`)).to.have.members([
			'booked due 2',
			'reminder due 2',
			'reminder due 2',
		])
	})

	describe('a message that was given up', () => {
		const giveUp = (visit: { id: string }) =>
			node.db('notification_queue').where({ appointment_id: visit.id, lead_minutes: 5 }).update({ status: 'failed', attempts: 10 })
		const tryAgain = async (desk: Person, visit: { id: string }, sequence: number) => {
			const row = (await ledgerOf(node, visit.id)).find(each => each.lead_minutes === 5 && each.appointment_sequence === sequence)
			return done(await call(node, 'POST', `/notifications/${row?.id}/retry`, { token: desk.token }))
		}
		const reminders = async (visit: { id: string }) =>
			(await ledgerOf(node, visit.id))
				.filter(each => each.lead_minutes === 5)
				.map(each => `${each.status} ${each.appointment_sequence}`)
				.sort()

		it('follows a change of status, so that it can be retried, and is not written twice', async () => {
			const [patient, desk] = [await aPatient(node), await aReceptionist(node)]
			const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
			await giveUp(visit)
			done(await setStatus(node, desk, visit.id, 'checked_in'))
			done(await setStatus(node, desk, visit.id, 'booked'))
			for (const email of [false, true]) done(await call(node, 'PATCH', '/me/notifications', { token: patient.token, body: { email } }))
			expect(await reminders(visit)).to.deep.equal(['failed 2'])
			await tryAgain(desk, visit, 2)
			done(await setStatus(node, desk, visit.id, 'checked_in'))
			expect(await reminders(visit)).to.deep.equal(['due 3'])
		})

		it('does not prevent a change of status when it is retried after the visit moved', async () => {
			const [patient, desk] = [await aPatient(node), await aReceptionist(node)]
			const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
			await giveUp(visit)
			done(await reschedule(node, patient, visit.id, await aSlot(node, doctor.id, hoursAhead(72))))
			await tryAgain(desk, visit, 0)
			done(await setStatus(node, desk, visit.id, 'checked_in'))
			expect(await reminders(visit)).to.deep.equal(['due 2', 'void 0'])
		})
	})

	it('has reminders for a channel that is chosen after the booking', async () => {
		const patient = await aPatient(node)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		const keys = { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) }
		const body = { endpoint: `https://push.example/${patient.id}`, keys }
		expect((await call(node, 'POST', '/me/push-subscriptions', { token: patient.token, body })).status).to.equal(204)
		expect(await ledgerInWords(node, visit.id)).to.include.members(['push reminder-1440 due', 'push reminder-5 due'])
		await call(node, 'POST', '/me/push-subscriptions', { token: patient.token, body })
		expect(await ledgerOf(node, visit.id)).to.have.length(5)
	})

	it('is read by index at any length', async () => {
		const patient = await aPatient(node)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		await node.db.raw(
			`
			INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, lead_minutes, due_at, status, settled_at)
			SELECT ?, n, 'email', 1440, now() - n * interval '1 minute', 'sent', now() FROM generate_series(10, 30000) AS n`,
			[visit.id],
		)
		await node.db.raw('ANALYZE notification_queue')
		const planOf = async (sql: string) =>
			(await node.db.raw(`EXPLAIN ${sql}`)).rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n')
		const claim = await planOf(`SELECT id FROM notification_queue WHERE channel = 'email' AND status = 'due' AND is_planned
			AND greatest(due_at, retry_at, leased_until) <= now() ORDER BY greatest(due_at, retry_at, leased_until) LIMIT 100 FOR UPDATE SKIP LOCKED`)
		expect(claim).to.include('notification_queue_turn').and.not.include('Sort')
		expect(await planOf(`SELECT id FROM notification_queue WHERE status = 'due' AND NOT is_planned ORDER BY id LIMIT 500`)).to.include(
			'notification_queue_unplanned',
		)
	})
})
