import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { book, done } from '../booking/desk.ts'
import { hoursAhead } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSlot, ledgerInWords, letTimePass, mailsWhen } from './a-clinic.ts'

describe('the outbox of a server without a mail server', () => {
	const node = useNode()
	const page = async (at: string) => (await fetch(`${node.url}${at}`)).text()

	it('shows the confirmation of a booking a moment later, and the five-minute reminder when it is due', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(2))))
		const [mail] = await mailsWhen(node, patient.email, 1)
		expect(mail?.subject).to.match(/^Your visit on .+ \(UTC\)$/)
		await letTimePass(node, visit.id, 5)
		expect((await call(node, 'POST', '/admin/jobs/send%20reminders/run', { token: patient.token })).status).to.equal(403)
		// Another booking nudges the dispatcher, as the tick of the next minute would.
		done(await book(node, await aPatient(node), await aSlot(node, doctor.id)))
		const [, reminder] = await mailsWhen(node, patient.email, 2)
		expect(reminder?.subject).to.match(/^Reminder: your visit on /)
		await waitFor(async () => (await ledgerInWords(node, visit.id)).includes('email reminder-5 sent'), 'a reminder marked as sent')
	})

	it('lists letters and shows each, its HTML in a frame without scripts', async () => {
		const [doctor, patient] = [await aDoctor(node, { fullName: 'Dr <script>alert(1)</script>' }), await aPatient(node)]
		done(await book(node, patient, await aSlot(node, doctor.id)))
		const [mail] = await mailsWhen(node, patient.email, 1)
		expect(await page('/dev/outbox'))
			.to.include(`/dev/outbox/${mail?.id}`)
			.and.include(patient.email)
		const shown = await page(`/dev/outbox/${mail?.id}`)
		expect(shown)
			.to.include('<iframe')
			.and.match(/sandbox="allow-popups allow-popups-to-escape-sandbox"/)
		expect(shown).not.to.include('<script>')
		expect((await fetch(`${node.url}/dev/outbox/..%2Fjwt-secret`)).status).to.equal(404)
	})

	it('receives the letter to set a new password, with a working link', async () => {
		const patient = await aPatient(node)
		await call(node, 'POST', '/auth/forgot-password', { body: { email: patient.email } })
		const [mail] = await mailsWhen(node, patient.email, 1)
		const [, token = ''] = /\/reset-password\?token=([\w-]+)/.exec(mail?.text ?? '') ?? []
		const body = { token, password: 'a brand-new password' }
		expect((await call(node, 'POST', '/auth/reset-password', { body })).status).to.equal(204)
		expect((await call(node, 'POST', '/auth/login', { body: { email: patient.email, password: body.password } })).status).to.equal(200)
	})

	it('keeps the last letters only', async () => {
		const { startOutbox } = await import('../../server/reminders/outbox.ts')
		const { createMailer } = await import('../../server/reminders/mailer.ts')
		const { createLog } = await import('../../server/platform/observability/log.ts')
		const dataDir = path.join(node.config.dataDir, 'another')
		const outbox = await startOutbox({ dataDir, log: createLog('silent'), keep: 10 })
		const mailer = createMailer({ url: outbox.smtpUrl, from: 'a@example.com', connections: 2 })
		for (let i = 0; i < 41; i++) {
			const sending = await mailer.send({ to: { name: 'P', email: 'p@example.com' }, subject: `${i}`, text: 't', html: '<p>t</p>' })
			expect(sending.sent).to.equal(true)
		}
		await waitFor(() => readdirSync(path.join(dataDir, 'outbox')).length <= 10, 'old letters to go')
		await mailer.stop()
		await outbox.stop()
	})
})

describe('a production server', () => {
	const node = useNode({ NODE_ENV: 'production', VAPID_PUBLIC_KEY: '', VAPID_PRIVATE_KEY: '' })

	it('has no outbox, and writes no messages without a mail server', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const visit = done(await book(node, patient, await aSlot(node, doctor.id)))
		expect(await ledgerInWords(node, visit.id)).to.deep.equal([])
		const response = await fetch(`${node.url}/dev/outbox`)
		expect(await response.text()).not.to.include('Outbox')
	})
})
