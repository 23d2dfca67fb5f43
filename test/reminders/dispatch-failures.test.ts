import { expect } from 'chai'
import { createEmail } from '../../server/reminders/channels/email.ts'
import { createMailer } from '../../server/reminders/mailer.ts'
import { createVisitCalendar } from '../../server/reminders/visit-calendar.ts'
import { waitFor } from '../support/wait.ts'
import { ok, useDispatch } from './a-dispatch.ts'
import { useMailServer } from './a-mail-server.ts'

describe('the dispatcher', () => {
	const { database, aLedger, aChannel, run, rowOf, aDueRow } = useDispatch()
	const mailServer = useMailServer()

	it('retries later, and gives up in the end', async () => {
		const { row } = await aDueRow()
		const { channel, sent } = aChannel(async () => ({ sent: false, failure: 'transient', reason: 'not now' }))
		await run([channel])
		const first = await rowOf(row)
		expect(first).to.include({ status: 'due', attempts: 1, last_error: 'not now' })
		expect(first.retry_at!.getTime() - Date.now()).to.be.within(20_000, 37_000)
		await run([channel])
		expect(sent).to.have.length(1)
		for (let i = 0; i < 12; i++) {
			await database.db('notification_queue').where({ id: row }).update({ retry_at: null })
			await run([channel])
		}
		expect(sent).to.have.length(10)
		expect(await rowOf(row)).to.include({ status: 'failed', attempts: 10, last_error: 'not now' })
	})

	it('gives a message up at once that cannot succeed', async () => {
		const { row } = await aDueRow()
		const { channel } = aChannel(async () => ({ sent: false, failure: 'permanent', reason: 'bounced' }))
		await run([channel])
		expect(await rowOf(row)).to.include({ status: 'failed', attempts: 1, last_error: 'bounced' })
	})

	it('pauses a channel for as long as its provider asks', async () => {
		const rows = [await aDueRow(), await aDueRow(), await aDueRow()]
		const { channel, sent } = aChannel(
			async () => ({ sent: false, failure: 'throttled', reason: '429', retryAfterMs: 120_000 }),
			'email',
			1,
		)
		await run([channel])
		expect(sent).to.have.length(1)
		const found = await Promise.all(rows.map(({ row }) => rowOf(row)))
		expect(found.map(row => row.status)).to.deep.equal(['due', 'due', 'due'])
		expect(found.map(row => row.attempts)).to.deep.equal([0, 0, 0])
		expect(found.filter(row => row.retry_at)).to.have.length(1)
		// Rows that were leased and not tried are released.
		const free = aChannel()
		await run([free.channel])
		expect(free.sent).to.have.length(2)
	})

	it('stops asking an unreachable provider after some failures', async () => {
		for (let i = 0; i < 40; i++) await aDueRow()
		const { channel, sent } = aChannel(async () => ({ sent: false, failure: 'transient', reason: 'down' }), 'email', 4)
		await run([channel])
		expect(sent.length).to.be.within(20, 24)
	})

	it('does not let one channel’s hanging provider, or one bad row, delay the others', async () => {
		const stuck = await aDueRow({ channel: 'sms' })
		const rows = [await aDueRow(), await aDueRow(), await aDueRow()]
		let release = () => {}
		const hanging = new Promise<void>(resolve => {
			release = resolve
		})
		const sms = aChannel(async () => {
			await hanging
			return ok
		}, 'sms')
		const email = aChannel(async message => {
			if (message.id === rows[0]?.row) throw new Error('beyond us')
			return ok
		})
		const running = run([sms.channel, email.channel])
		await waitFor(() => email.sent.length === 2, 'the e-mails')
		expect((await rowOf(stuck.row)).status).to.equal('due')
		release()
		await running
		expect((await rowOf(stuck.row)).status).to.equal('sent')
	})

	it('sends the rows of a dead process after their leases expire, and not before', async () => {
		const { row } = await aDueRow()
		const ledger = aLedger()
		const [claimed] = await ledger.claim('email', 10, 60_000)
		const { channel, sent } = aChannel()
		await run([channel])
		expect(sent).to.deep.equal([])
		await database
			.db('notification_queue')
			.where({ id: row })
			.update({ leased_until: new Date(Date.now() - 1) })
		await run([channel])
		expect(sent).to.have.length(1)
		// The frozen process wakes up, and can neither send nor settle.
		expect((await ledger.read(claimed!))?.isOurs).to.equal(false)
		await ledger.settle(claimed!, { status: 'failed', reason: 'late' })
		expect((await rowOf(row)).status).to.equal('sent')
	})

	it('fails only a bounced letter over real SMTP, retries a hanging recipient, and sends the others', async function () {
		this.timeout(60_000)
		const [bouncing, hanging, full, fine] = [await aDueRow(), await aDueRow(), await aDueRow(), await aDueRow()]
		mailServer.treat.set(bouncing.patient.email, { code: 550, text: 'No such user' })
		mailServer.treat.set(hanging.patient.email, { hangMs: 120_000 })
		mailServer.treat.set(full.patient.email, { code: 452, text: 'Mailbox full' })
		const mailer = createMailer({ url: mailServer.url, from: 'Clinic <desk@clinic.example>', connections: 3 })
		const host = 'clinic.example'
		const publicUrl = () => 'https://clinic.example'
		const visitCalendar = createVisitCalendar({ sender: 'desk@clinic.example', host, publicUrl })
		const channel = createEmail({ mailer, visitCalendar, host, publicUrl, concurrency: 3 })
		await run([channel])
		await mailer.stop()
		expect(mailServer.recipients).to.deep.equal([fine.patient.email])
		expect(await rowOf(fine.row)).to.include({ status: 'sent', provider_id: `<notification-${fine.row}@clinic.example>` })
		expect(await rowOf(bouncing.row))
			.to.include({ status: 'failed', attempts: 1 })
			.and.have.property('last_error')
			.that.includes('550')
		for (const { row } of [hanging, full]) expect(await rowOf(row)).to.include({ status: 'due', attempts: 1 })
	})
})
