/// <reference lib="dom" />
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { desktop, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { anAdmin } from '../support/people.ts'

describe('the settings of a clinic', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const open = async (page: string) => {
		const admin = await browsing.visitor(desktop)
		await signIn(admin, node.url, 'admin@clinic.example', { path: `/admin/${page}` })
		return admin
	}
	const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
	const typeNamed = async (name: string) =>
		(await call(node, 'GET', '/appointment-types')).body.items.find((each: any) => each.name === name)
	const noComplaints = () => expect(browsing.complaints.filter(text => !/40[09]/.test(text))).to.deep.equal([])

	it('say what saving would change, change only that, and remove what is emptied', async () => {
		const before = await typeNamed('Skin screening')
		const page = await open('settings/types')
		await button(page, 'Edit: Skin screening').click()
		const form = page.getByRole('form', { name: 'Skin screening' })
		expect(await form.getByRole('button', { name: 'Save' }).isDisabled()).to.equal(true)
		await form.getByLabel('Minutes', { exact: false }).first().fill('25')
		await form.getByLabel('Price').fill('')
		const changes = form.getByTestId('changes')
		await changes.getByText('Minutes: 20 → 25').waitFor()
		await changes.getByText('Price: € 60 → –').waitFor()
		expect(await typeNamed('Skin screening'), 'not yet').to.deep.equal(before)
		await form.getByRole('button', { name: 'Save' }).click()
		await form.waitFor({ state: 'detached' })
		const { price: _, ...others } = before
		expect(await typeNamed('Skin screening')).to.deep.equal({ ...others, minutes: 25 })
		noComplaints()
	})

	it('set when patients are reminded, and ask before they take bookings fewer days ahead', async () => {
		const policy = async () => (await call(node, 'GET', '/clinic')).body.policy
		const before = await policy()
		const page = await open('settings/clinic')
		await button(page, 'Add a reminder').click()
		await page.getByLabel('Days ahead that can be booked').fill('30')
		await page.getByTestId('changes').getByText('Reminders: ').waitFor()
		await button(page, 'Save').click()
		const question = page.getByRole('dialog', { name: 'Take bookings fewer days ahead?' })
		expect(await policy(), 'not yet').to.deep.equal(before)
		await question.getByRole('button', { name: 'Save' }).click()
		await page.getByText('Saved.').waitFor()
		const reminderMinutes = [...before.reminderMinutes, 60].toSorted((a, b) => b - a)
		expect(await policy()).to.deep.equal({ ...before, reminderMinutes, slotDaysAhead: 30 })
		const { cancel_cutoff_minutes: cutOff } = await node.db('clinic').first('cancel_cutoff_minutes')
		expect(cutOff, 'as the server was started').to.equal(null)
		noComplaints()
	})

	it('show a field that the server does not accept', async () => {
		const page = await open('settings/clinic')
		await page.getByLabel('Phone').fill('call us')
		await button(page, 'Save').click()
		await page.getByText('Please check this.').waitFor()
		expect(await page.getByLabel('Phone').getAttribute('aria-invalid')).to.equal('true')
		noComplaints()
	})

	it('do not archive what booked visits need, and lead to those visits', async () => {
		const page = await open('settings/sites')
		await button(page, 'Archive: Berlin Mitte').click()
		const question = page.getByRole('dialog', { name: 'Archive Berlin Mitte?' })
		await question.getByRole('button', { name: 'Archive' }).click()
		await question.getByText('There are future appointments that need it.').waitFor()
		const visit = question.getByTestId('visits-in-the-way').getByRole('link').first()
		await visit.click()
		await page.waitForURL(/\/desk\?date=\d{4}-\d\d-\d\d$/)
		expect((await call(node, 'GET', '/sites')).body.items.map(({ name }: { name: string }) => name)).to.include('Berlin Mitte')
		noComplaints()
	})

	it('close days only after showing what goes, and open them again after showing what comes back', async () => {
		const page = await open('settings/closures')
		const form = page.getByRole('form', { name: 'Close some days' })
		const day = new Date(Date.now() + 10 * 86_400_000)
		while (day.getUTCDay() !== 3) day.setUTCDate(day.getUTCDate() + 1)
		await form.getByLabel('Reason').fill('Painters')
		await form.getByLabel('First day').fill(day.toISOString().slice(0, 10))
		const goes = await form.getByTestId('closure-effects').innerText()
		expect(goes).to.match(/^Free times that go: [1-9]/)
		await form.getByRole('button', { name: 'Close some days' }).click()
		await button(page, 'Open again: Painters').click()
		const question = page.getByRole('dialog', { name: 'Open again: Painters?' })
		const back = await question.getByTestId('comes-back').innerText()
		expect(Number(back.replace(/\D/g, ''))).to.equal(Number(goes.split('\n')[0]?.replace(/\D/g, '')))
		await question.getByRole('button', { name: 'Open again' }).click()
		await page.getByTestId('closure').filter({ hasText: 'Painters' }).waitFor({ state: 'detached' })
		noComplaints()
	})

	it('make a large picture small enough', async () => {
		const page = await open('settings/clinic')
		const large = await page.evaluate(async () => {
			const canvas = document.createElement('canvas')
			canvas.width = canvas.height = 1600
			const context = canvas.getContext('2d') as CanvasRenderingContext2D
			const pixels = context.createImageData(1600, 1600)
			for (let at = 0; at < pixels.data.length; at++) pixels.data[at] = at % 4 === 3 ? 255 : Math.random() * 256
			context.putImageData(pixels, 0, 0)
			return canvas.toDataURL('image/png').split(',')[1]
		})
		const file = { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(large as string, 'base64') }
		expect(file.buffer.length).to.be.greaterThan(5_000_000)
		await page.locator('input[type=file]').setInputFiles(file)
		await page.getByRole('img', { name: 'Logo' }).waitFor()
		const { logo } = await node.db('clinic').first('logo')
		expect(logo.length).to.be.within(1000, 256 * 1024)
		await page.getByRole('button', { name: 'Remove', exact: true }).click()
		await page.getByRole('img', { name: 'Logo' }).waitFor({ state: 'detached' })
		noComplaints()
	})

	it('correct the address of an account, and mail an invitation again', async () => {
		const { token } = await anAdmin(node)
		const body = { email: 'mistyped@clinic.example', fullName: 'Dr. Lee Mistyped', role: 'doctor' }
		await call(node, 'POST', '/admin/invitations', { token, body })
		const page = await open('users')
		await page.getByLabel('Search by name or e-mail address').fill('mistyped@')
		const row = page.getByTestId('user-row').filter({ hasText: 'Dr. Lee Mistyped' })
		await row.getByText('invited', { exact: true }).waitFor()
		await row.getByRole('button', { name: /^Edit/ }).click()
		const form = page.getByRole('dialog', { name: /^Edit/ })
		await form.getByLabel('E-mail address').fill('admin@clinic.example')
		await form.getByRole('button', { name: 'Save' }).click()
		await form.getByText('There is an account with this address already.').waitFor()
		await form.getByLabel('E-mail address').fill('lee@clinic.example')
		await form.getByRole('button', { name: 'Save' }).click()
		await row.getByText('lee@clinic.example').waitFor()
		await row.getByRole('button', { name: /^Send invitation again/ }).click()
		await row.getByText('The invitation of Dr. Lee Mistyped is on its way.').waitFor()
		noComplaints()
	})

	it('do not disable a doctor whom patients wait for', async () => {
		const page = await open('users')
		await page.getByLabel('Search by name or e-mail address').fill('lindner')
		await button(page, 'Disable: Dr. Anna Lindner').click()
		const question = page.getByRole('dialog', { name: 'Disable this account?' })
		await question.getByRole('button', { name: 'Disable' }).click()
		await question.getByTestId('visits-in-the-way').getByRole('link').first().waitFor()
		expect((await doctorNamed(node, 'Lindner')).fullName).to.equal('Dr. Anna Lindner')
		noComplaints()
	})
})
