import { expect } from 'chai'
import { hoursAhead } from '../support/calendar.ts'
import { aPatient, type Person } from '../support/people.ts'
import { aRow, aVisit, type LedgerRow } from './a-clinic.ts'
import { ok, useDispatch } from './a-dispatch.ts'

describe('the dispatcher', () => {
	const { database, clinic, doctor, aChannel, run, rowOf, aDueRow } = useDispatch()

	it('sends each due message once, and none that is not due yet', async () => {
		const { row } = await aDueRow()
		const later = await aDueRow({ dueAt: hoursAhead(1) })
		const { channel, sent } = aChannel()
		await run([channel])
		await run([channel])
		expect(sent.map(message => message.id)).to.deep.equal([row])
		expect(await rowOf(row)).to.include({ status: 'sent', provider_id: 'p1', attempts: 1 })
		expect((await rowOf(later.row)).status).to.equal('due')
	})

	const betweenClaimAndSend: [string, (of: { patient: Person; visit: string }) => Promise<unknown>, string][] = [
		[
			'whose visit was cancelled',
			({ visit }) => database.db('appointments').where({ id: visit }).update({ status: 'cancelled', sequence: 1 }),
			'the visit has changed',
		],
		[
			'whose visit was moved',
			({ visit }) =>
				database
					.db('appointments')
					.where({ id: visit })
					.update({ starts_at: hoursAhead(500), ends_at: hoursAhead(501), sequence: 1 }),
			'the visit has changed',
		],
		[
			'whose patient was shut out',
			({ patient }) => database.db('users').where({ id: patient.id }).update({ status: 'disabled' }),
			'the account is disabled',
		],
		[
			'whose patient unsubscribed',
			({ patient }) => database.db('patients').where({ id: patient.id }).update({ notify_email: false }),
			'the patient does not want these messages',
		],
	]
	for (const [what, happens, reason] of betweenClaimAndSend) {
		it(`does not send a message ${what} between claim and send`, async () => {
			const [first, second] = [await aDueRow(), await aDueRow()]
			// One at a time: the second is leased together with the first, and the change happens while the first is on its way.
			const { channel, sent } = aChannel(
				async () => {
					await happens(second)
					return ok
				},
				'email',
				1,
			)
			await run([channel])
			expect(sent.map(message => message.id)).to.deep.equal([first.row])
			expect(await rowOf(second.row)).to.include({ status: 'void', last_error: reason })
		})
	}

	const objections: [string, (of: { patient: Person; visit: string }) => Promise<unknown>, Partial<LedgerRow>][] = [
		['a moved visit', ({ visit }) => database.db('appointments').where({ id: visit }).update({ sequence: 1 }), { status: 'void' }],
		[
			'a visit whose patient is here',
			({ visit }) => database.db('appointments').where({ id: visit }).update({ status: 'checked_in' }),
			{ status: 'void', last_error: 'the visit is checked in' },
		],
		[
			'a disabled account',
			({ patient }) => database.db('users').where({ id: patient.id }).update({ status: 'disabled' }),
			{ status: 'void', last_error: 'the account is disabled' },
		],
		[
			'a patient who wants none',
			({ patient }) => database.db('patients').where({ id: patient.id }).update({ notify_sms: false }),
			{ status: 'void' },
		],
		[
			'a patient without a phone',
			({ patient }) => database.db('patients').where({ id: patient.id }).update({ phone: null }),
			{ status: 'void', last_error: 'the patient has no phone number' },
		],
		[
			'a visit that has begun',
			({ visit }) =>
				database
					.db('appointments')
					.where({ id: visit })
					.update({ starts_at: new Date(Date.now() - 60_000), ends_at: new Date(Date.now() + 60_000) }),
			{ status: 'skipped', last_error: 'the visit has begun' },
		],
	]
	for (const [what, happens, expected] of objections) {
		it(`sends nothing about ${what}, and every other message`, async () => {
			const concerned = await aDueRow({ channel: 'sms' })
			const other = await aDueRow({ channel: 'sms' })
			await happens(concerned)
			const { channel, sent } = aChannel(undefined, 'sms')
			await run([channel])
			expect(sent.map(message => message.id)).to.deep.equal([other.row])
			expect(await rowOf(concerned.row)).to.include(expected)
		})
	}

	it('records a message as sent that left during a cancellation', async () => {
		const { row, visit } = await aDueRow()
		const { channel } = aChannel(async () => {
			await database.db('notification_queue').where({ appointment_id: visit }).update({ status: 'void' })
			return ok
		})
		await run([channel])
		expect((await rowOf(row)).status).to.equal('sent')
	})

	it('keeps messages that ring out of the patient’s quiet hours', async () => {
		const patient = await aPatient(clinic, { phone: '+49 30 123456' })
		await database.db('patients').where({ id: patient.id }).update({ time_zone: 'UTC' })
		const visit = await aVisit(clinic, doctor.id, patient.id, { startsAt: hoursAhead(400) })
		const row = await aRow(clinic, visit, { channel: 'sms' })
		await database.db('notification_queue').where({ id: row }).update({ is_planned: false })
		const now = new Date()
		const minute = now.getUTCHours() * 60 + now.getUTCMinutes()
		const around = { fromMinute: (minute + 1440 - 60) % 1440, untilMinute: (minute + 60) % 1440 }
		const { channel, sent } = aChannel(undefined, 'sms')
		await run([channel], { quietHours: around })
		expect(sent).to.deep.equal([])
		expect((await rowOf(row)).due_at.getTime() - Date.now()).to.be.within(58 * 60_000, 60 * 60_000)
		// A message that is due when quiet hours begin waits as well.
		await database
			.db('notification_queue')
			.where({ id: row })
			.update({ due_at: new Date(Date.now() - 1000) })
		await run([channel], { quietHours: around })
		expect(sent).to.deep.equal([])
		await database.db('notification_queue').where({ id: row }).update({ retry_at: null })
		await run([channel], { quietHours: undefined })
		expect(sent).to.have.length(1)
	})
})
