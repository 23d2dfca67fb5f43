/// <reference lib="dom" />
import { expect } from 'chai'
import type { Locator, Page } from 'playwright-core'
import type { KeptMail } from '../../server/reminders/outbox.ts'
import { aRow, aVisit, mailsTo, mailsWhen } from '../reminders/a-clinic.ts'
import { useWebService } from '../reminders/a-web-service.ts'
import { violationsOf } from '../support/axe.ts'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { demoTemplate, doctorNamed } from '../support/demo-node.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

const json = { 'content-type': 'application/json' }
const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

describe('messages about visits', function () {
	this.timeout(120_000)
	// As https://www.twilio.com/docs/messaging/api/message-resource describes it.
	const twilio = useWebService(() => ({ status: 201, headers: json, body: JSON.stringify({ sid: 'SM1', status: 'queued' }) }))
	const browsing = useBrowser({ returning: true })
	let node: TestNode

	before(async () => {
		const overrides = {
			QUIET_HOURS: 'off',
			TWILIO_ACCOUNT_SID: 'AC1',
			TWILIO_AUTH_TOKEN: 'secret',
			TWILIO_FROM: '+4930999',
			TWILIO_API_URL: twilio.url,
		}
		node = await startTestNode(overrides, undefined, await demoTemplate())
	})
	after(() => node.stop())

	/** Books a free time in the week after next as a patient would; resolves to the slot and the visit. */
	const bookAs = async (page: Page): Promise<{ slotId: string; visitId: string; date: string }> => {
		const { id } = await doctorNamed(node, 'Lindner')
		await page.goto(`${node.url}/doctors/${id}?date=${dateAhead(7)}`)
		const free = page.locator('[data-testid="slot"][data-state="free"]').first()
		const slotId = (await free.getAttribute('data-slot-id')) as string
		await free.click()
		await page.getByTestId('countdown').waitFor()
		await page
			.getByTestId('confirm-panel')
			.getByRole('button', { name: /confirm|book/i })
			.click()
		const booked = page.getByTestId('booked')
		const visitId = (await booked.getAttribute('data-appointment-id')) as string
		const visit = await node.db('appointments').where({ id: visitId }).first('starts_at')
		return { slotId, visitId, date: visit.starts_at.toISOString().slice(0, 10) }
	}

	const openAtDesk = async (page: Page, { slotId, date }: { slotId: string; date: string }): Promise<Locator> => {
		await signIn(page, node.url, 'reception@clinic.example', { path: `/desk?date=${date}` })
		const slot = page.locator(`[data-testid="desk-slot"][data-slot-id="${slotId}"][data-state="booked"]`)
		await slot.waitFor()
		await slot.focus()
		await page.keyboard.press('Enter')
		const ledger = page.getByTestId('ledger')
		await ledger.getByTestId('notice').first().waitFor()
		return ledger
	}

	const patient = async (email: string, path?: string): Promise<Page> => {
		const page = await browsing.visitor()
		await signIn(page, node.url, email, { path })
		return page
	}

	it('are listed at the desk; a failed one says why in plain words, and is sent when the desk tries again', async () => {
		const bad = { code: 21211, message: "The 'To' number is not a valid phone number.", status: 400 }
		twilio.answer = () => ({ status: 400, headers: json, body: JSON.stringify(bad) })
		const booked = await bookAs(await patient('patient2@clinic.example'))
		const desk = await browsing.visitor(desktop)
		const ledger = await openAtDesk(desk, booked)
		const confirmation = (channel: string, status: string) =>
			ledger.locator(`[data-kind="booked"][data-channel="${channel}"][data-status="${status}"]`)
		await confirmation('email', 'sent').waitFor()
		expect(await confirmation('email', 'sent').innerText()).to.match(/Confirmation\s+E-mail\s+Sent: /)
		const failed = confirmation('sms', 'failed')
		await failed.waitFor()
		expect(await failed.innerText())
			.to.include('The phone number is not a valid one.')
			.and.include('21211')
		expect(await violationsOf(desk)).to.deep.equal([])

		twilio.answer = () => ({ status: 201, headers: json, body: JSON.stringify({ sid: 'SM2' }) })
		// By keyboard: from the panel the button is some tabs away, and Enter is enough.
		await failed.getByTestId('notice-retry').focus()
		await desk.keyboard.press('Enter')
		await confirmation('sms', 'sent').waitFor()
		expect(await ledger.getByTestId('notice-retry').count()).to.equal(0)
		expect(await ledger.evaluate(section => section.contains(document.activeElement)), 'the focus stays here').to.equal(true)
	})

	it('are shown to the doctor of the visit, who cannot send them again', async () => {
		const [doctor, patient] = [await aDoctor(node, { timeZone: 'UTC' }), await aPatient(node)]
		const row = await aRow(node, await aVisit(node, doctor.id, patient.id, { startsAt: new Date() }), { channel: 'sms' })
		await node
			.db('notification_queue')
			.where({ id: row })
			.update({ status: 'failed', attempts: 1, last_error: 'quota of text messages used up' })
		const page = await browsing.visitor({ ...desktop, timezoneId: 'UTC' })
		await signIn(page, node.url, doctor.email, { password: doctor.password, path: '/day' })
		await page.getByTestId('day-notices').click()
		await page.getByTestId('notice').filter({ hasText: 'The provider refused the message.' }).waitFor()
		expect(await page.getByTestId('notice-retry').count()).to.equal(0)
		expect(await violationsOf(page)).to.deep.equal([])
	})

	it('are sent by jobs that an admin sees and can run at once', async () => {
		const admin = await browsing.visitor(desktop)
		await signIn(admin, node.url, 'admin@clinic.example')
		await admin.getByRole('navigation').getByRole('link', { name: 'Jobs' }).click()
		const job = admin.locator('[data-testid="job"][data-job="clean up"]')
		await job.waitFor()
		expect(await job.getByTestId('job-last').innerText()).to.equal('not yet')
		expect(await violationsOf(admin)).to.deep.equal([])
		await job.getByTestId('job-run').focus()
		await admin.keyboard.press('Enter')
		await job.locator('time[data-testid="job-last"]').waitFor()
		await job.locator('[data-testid="job-state"][data-state="well"]').waitFor()
		const at = await job.locator('time[data-testid="job-last"]').getAttribute('datetime')
		expect(Date.parse(at ?? '')).to.be.closeTo(Date.now(), 30_000)
		await admin.setViewportSize(phone.viewport as { width: number; height: number })
		expect(await violationsOf(admin)).to.deep.equal([])
		expect(await admin.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).to.equal(true)
	})

	it('follow the patient’s choices: the language of the next one, and no e-mail when e-mail is off', async () => {
		const email = 'patient4@clinic.example'
		const page = await patient(email, '/account')
		const settings = page.getByTestId('notice-settings')
		await settings.getByLabel('Language of the messages').selectOption('de')
		await settings.getByText('Saved.').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		await bookAs(page)
		const [german] = await mailsWhen(node, email, 1)
		expect(german?.subject).to.match(/^Ihr Termin am /)

		await page.goto(`${node.url}/account`)
		await settings.getByRole('switch', { name: 'E-mail' }).click({ force: true })
		await settings.getByText('Saved.').waitFor()
		const { visitId } = await bookAs(page)
		const rows = () => node.db('notification_queue').where({ appointment_id: visitId })
		await waitFor(
			async () => (await rows()).some(row => row.channel === 'sms' && row.kind === 'booked' && row.status === 'sent'),
			'the SMS',
		)
		expect((await rows()).filter(row => row.channel === 'email')).to.deep.equal([])
		expect(await mailsTo(node, email)).to.have.length(1)
		await page.goto(`${node.url}/account`)
		await settings.getByRole('switch').first().waitFor()
		expect(await settings.getByRole('switch', { name: 'E-mail' }).isChecked()).to.equal(false)
		expect(await settings.getByLabel('Language of the messages').inputValue()).to.equal('de')
	})

	it('lead the patient from the letter to the visit, and a visit that is cancelled there is cancelled at the desk', async () => {
		const email = 'patient5@clinic.example'
		const booked = await bookAs(await patient(email))
		const [mail] = (await mailsWhen(node, email, 1)) as [KeptMail]
		const desk = await browsing.visitor(desktop)
		const ledger = await openAtDesk(desk, booked)

		const reader = await browsing.visitor(phone)
		await reader.goto(`${node.url}/dev/outbox`)
		expect(await violationsOf(reader)).to.deep.equal([])
		await reader.locator(`a[href="/dev/outbox/${mail.id}"]`).click()
		const opened = reader.context().waitForEvent('page')
		await reader.frameLocator('iframe').getByRole('link', { name: 'Confirm, move or cancel this visit' }).click()
		const page = await opened
		await page.getByRole('heading', { level: 1, name: 'Your visit' }).waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		expect((await node.db('appointments').where({ id: booked.visitId }).first('status')).status, 'looking changes nothing').to.equal(
			'booked',
		)
		await page.getByRole('button', { name: 'Cancel the visit' }).click()
		await page.getByText('The visit is cancelled.').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		await desk.getByTestId('desk-panel-status').filter({ hasText: 'cancelled' }).waitFor()
		await ledger.locator('[data-kind="cancelled"][data-channel="email"][data-status="sent"]').waitFor()
	})

	it('lead to a page of their own when a link has expired, or unsubscribes', async () => {
		const email = 'patient6@clinic.example'
		await bookAs(await patient(email))
		const [mail] = (await mailsWhen(node, email, 1)) as [KeptMail]
		const links = [...mail.text.matchAll(/\/n\/[\w.]+/g)].map(([path]) => path)
		const page = await browsing.visitor({ ...phone, locale: 'ar' })
		await page.goto(`${node.url}${links[0]?.slice(0, -1)}x`)
		expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).to.deep.equal(['ar', 'rtl'])
		expect(await page.getByRole('heading', { level: 1 }).innerText()).to.equal('هذا الرابط لم يعد صالحًا')
		expect(await violationsOf(page)).to.deep.equal([])
		await page.goto(`${node.url}${links.at(-1)}`)
		await page.getByRole('button', { name: 'Stop these messages' }).click()
		await page.getByText('You will get no more messages by e-mail.').waitFor()
		await page.getByRole('button', { name: 'Get them again' }).click()
		await page.getByText('You will get messages by e-mail again.').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
	})
})
