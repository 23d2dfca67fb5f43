import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { Page, Route } from 'playwright-core'
import { desktop, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { waitFor } from '../support/wait.ts'

const password = 'a password for a test'

/** The rows of the file that a button hands over, and what they begin with. */
const csvOf = async (page: Page, name: string) => {
	const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
	expect(download.suggestedFilename()).to.match(/\.csv$/)
	const text = (await readFile(await download.path(), 'utf8')).replace('\uFEFF', '').replaceAll('"', '')
	const [header = '', ...rows] = text.trim().split(/\r?\n/)
	return { header: header.split(','), rows }
}

/** Two days of next month, in the form that is on the page; then it is taken back. */
const addAndRemoveTimeOff = async (page: Page) => {
	for (const [label, day] of [
		['From', '10'],
		['To', '11'],
	] as const) {
		await page.getByRole('button', { name: new RegExp(`^${label}`) }).click()
		const picker = page.getByRole('dialog', { name: label })
		if (label === 'From') await picker.getByRole('button', { name: 'Next month' }).click()
		await picker.getByRole('button', { name: new RegExp(`^${day} `) }).click()
		await picker.getByRole('button', { name: 'Done' }).click()
	}
	await page.getByText(/^Free slots that close: \d+/).waitFor()
	await page.getByLabel('Reason (optional)').fill('At a course')
	await page.getByRole('button', { name: 'Add time off' }).click()
	const entry = page.getByRole('list', { name: 'Time off' }).getByRole('listitem').filter({ hasText: 'At a course' })
	await entry.getByRole('button', { name: /^Remove time off: / }).click()
	await entry.waitFor({ state: 'detached' })
}

describe('an admin', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const openAsAdmin = async (path: string) => {
		const page = await browsing.visitor(desktop)
		await signIn(page, node.url, 'admin@clinic.example', { path })
		return page
	}
	const account = async (page: Page, search: string, fullName: string) => {
		await page.getByLabel('Search by name or e-mail address').fill(search)
		return page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: fullName, exact: true }) })
	}
	const registerDoctor = async (fullName: string, email: string) =>
		await call(node, 'POST', '/auth/register', {
			body: { email, password, fullName, role: 'doctor', specialty: 'Neurology', timeZone: 'Europe/Berlin' },
		})

	it('approves a doctor, and patients find the doctor from then on', async () => {
		await registerDoctor('Dr. Wait Ing', 'waiting@example.com')
		const admin = await openAsAdmin('/admin/users')
		const row = await account(admin, 'waiting@example.com', 'Dr. Wait Ing')
		await row.getByText('waits for approval').waitFor()
		await row.getByRole('button', { name: 'Approve: Dr. Wait Ing' }).click()
		await row.getByText('active', { exact: true }).waitFor()

		const patient = await browsing.visitor(desktop)
		await patient.goto(node.url)
		await patient.getByLabel('Search by name or specialty').fill('neurology')
		await patient.getByRole('link', { name: 'Dr. Wait Ing', exact: true }).waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('sees the newest state of an account, though an older list arrives later', async () => {
		await registerDoctor('Dr. Early Bird', 'early@example.com')
		const admin = await openAsAdmin('/admin/users')
		const approved = admin.waitForResponse(response => response.request().method() === 'PATCH')
		let arrived = false
		const arriveLate = async (route: Route) => {
			const read = await route.fetch()
			await approved
			// The page may have asked again, and wait for this one no longer.
			await route.fulfill({ response: read }).catch(() => {})
			arrived = true
		}
		await admin.route(/admin\/users\?.*q=early/, arriveLate, { times: 1 })
		const row = await account(admin, 'early@', 'Dr. Early Bird')
		await admin.waitForRequest(/admin\/users\?.*q=early/)
		await row.getByRole('button', { name: 'Approve: Dr. Early Bird' }).click()
		await waitFor(() => arrived, 'the list to arrive')
		await admin.getByRole('row').nth(2).waitFor({ state: 'detached' })
		await row.getByText('active', { exact: true }).waitFor({ timeout: 5000 })
	})

	it('creates an account for the desk that works at once', async () => {
		const admin = await openAsAdmin('/admin/users')
		await admin.getByRole('button', { name: 'Create account' }).click()
		const form = admin.getByRole('dialog', { name: 'Create account' })
		await form.getByLabel('Full name').fill('Noor Haddad')
		await form.getByLabel('E-mail address').fill('noor@clinic.example')
		await form.getByLabel('Password (optional)').fill(password)
		await form.getByRole('button', { name: 'Create account' }).click()
		await admin.getByText('The account of Noor Haddad was created.').waitFor()
		const row = await account(admin, 'noor@', 'Noor Haddad')
		await row.getByText('Reception').waitFor()

		const noor = await browsing.visitor(desktop)
		await signIn(noor, node.url, 'noor@clinic.example', { password })
		await noor.getByRole('grid', { name: /^Times of all doctors/ }).waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('disables an account, which signs out its open page at once, and finds the act in the audit log', async () => {
		const patient = await browsing.visitor(desktop)
		await signIn(patient, node.url, 'patient9@clinic.example')
		await patient.getByRole('link', { name: 'My appointments' }).click()
		await patient.getByRole('tab', { name: 'Upcoming' }).waitFor()
		const { full_name: name } = await node.db('users').where({ email: 'patient9@clinic.example' }).first('full_name')

		const admin = await openAsAdmin('/admin/users')
		const row = await account(admin, 'patient9@', name)
		await row.getByRole('button', { name: `Disable: ${name}` }).click()
		expect(browsing.complaints).to.deep.equal([])
		await admin.getByRole('dialog', { name: 'Disable this account?' }).getByRole('button', { name: 'Disable' }).click()
		const beganMs = performance.now()
		await row.getByText('disabled', { exact: true }).waitFor()
		await patient.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
		console.log(`      the open page was signed out after ${(performance.now() - beganMs).toFixed(0)} ms`)
		expect(performance.now() - beganMs).to.be.lessThan(5000)
		await patient.getByLabel('E-mail address').fill('patient9@clinic.example')
		await patient.getByLabel('Password', { exact: true }).fill('demo-clinic-2026')
		await patient.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
		await patient.getByText('This account is disabled. Please ask the clinic.').waitFor()

		await admin.getByRole('link', { name: 'Audit log' }).click()
		const { id } = await node.db('users').where({ email: 'patient9@clinic.example' }).first('id')
		const entry = admin
			.getByRole('list', { name: 'Audit log' })
			.getByRole('listitem')
			.filter({ hasText: `changed · Account ${id}` })
		await entry.getByRole('button', { name: /^Details: / }).click()
		await entry.getByText('disabled').waitFor()
		// The browser itself notes every answer of 401 and 403.
		expect(browsing.complaints.filter(text => !/40[13]/.test(text))).to.deep.equal([])
	})

	it('reads the figures of the clinic for the chosen dates, and downloads them', async () => {
		const admin = await openAsAdmin('/admin/analytics')
		const appointments = async () => Number((await admin.getByRole('main').getByRole('definition').first().innerText()).replaceAll(',', ''))
		const chart = admin.getByRole('img', { name: /^Bar chart over days\./ })
		await chart.waitFor()
		expect(await admin.getByRole('img', { name: /^(Bar|Stacked bar) chart/ }).count()).to.equal(4)
		expect(await chart.locator('svg path').count(), 'bars').to.be.greaterThan(5)
		const ofMonth = await appointments()

		await admin.getByRole('combobox', { name: 'Period' }).click()
		await admin.getByRole('option', { name: 'Last 90 days' }).click()
		await admin.getByRole('img', { name: /Days: 90\./ }).waitFor()
		const ofQuarter = await appointments()
		expect(ofQuarter).to.be.greaterThan(ofMonth).and.greaterThan(0)

		const days = await csvOf(admin, 'Export days (CSV)')
		expect(days.header).to.deep.equal(['Date', 'Booked', 'Cancelled', 'Did not come'])
		expect(days.rows).to.have.length(90)
		expect(days.rows[0]).to.match(/^\d{4}-\d\d-\d\d,\d+,\d+,\d+$/)
		const doctors = await csvOf(admin, 'Export doctors (CSV)')
		expect(doctors.header[0]).to.equal('Doctor')
		expect(doctors.rows.some(row => row.startsWith('Dr. Anna Lindner,'))).to.equal(true)

		await admin.getByRole('combobox', { name: 'Doctor' }).click()
		await admin.getByRole('option', { name: 'Dr. Anna Lindner' }).click()
		await admin.getByRole('img', { name: /Doctors: 1\./ }).waitFor()
		expect(await appointments()).to.be.lessThan(ofQuarter)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('edits the hours of a doctor who waits for approval, and adds time off', async () => {
		await registerDoctor('Dr. New Comer', 'newcomer@example.com')
		const admin = await openAsAdmin('/admin/users')
		const row = await account(admin, 'newcomer@', 'Dr. New Comer')
		await row.getByRole('link', { name: 'Working hours: Dr. New Comer' }).click()
		await admin.getByRole('heading', { level: 1, name: 'Working hours of Dr. New Comer' }).waitFor()
		const tuesday = admin.getByRole('group', { name: 'Tuesday' })
		await tuesday.getByRole('button', { name: 'Add hours' }).click()
		await tuesday.getByLabel('Tuesday, hours 1, from').fill('09:00')
		await tuesday.getByLabel('Tuesday, hours 1, to').fill('11:00')
		await admin.getByRole('button', { name: 'Preview' }).click()
		await admin
			.getByRole('region', { name: 'What would change' })
			.getByText(/^New slots: [1-9]/)
			.waitFor()
		await admin.getByRole('button', { name: 'Save these hours' }).click()
		await admin.getByTestId('hours-saved').waitFor()
		const { id } = await node.db('users').where({ email: 'newcomer@example.com' }).first('id')
		expect(await node.db('appointment_slots').where({ doctor_id: id })).not.to.have.length(0)
		await addAndRemoveTimeOff(admin)
		await admin.getByRole('link', { name: 'Back to the users' }).click()
		await admin.getByLabel('Search by name or e-mail address').waitFor()

		const doctor = await browsing.visitor(desktop)
		await signIn(doctor, node.url, 'doctor@clinic.example', { path: `/admin/users/${id}/hours` })
		await doctor.getByText('This page is for other roles.').waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('lets the desk enter a doctor’s time off', async () => {
		const desk = await browsing.visitor(desktop)
		await signIn(desk, node.url, 'reception@clinic.example')
		// Doctors without hours on that day are hidden once their calendars are there, so the test takes one who stays.
		await desk.locator('[data-slot-id]').first().waitFor()
		const link = desk.getByRole('link', { name: /^Time off: / }).first()
		const name = ((await link.getAttribute('title')) ?? '').slice('Time off: '.length)
		await link.click()
		await desk.getByRole('heading', { level: 1, name: `Time off of ${name}` }).waitFor()
		await addAndRemoveTimeOff(desk)
		await desk.getByRole('link', { name: 'Back to the desk' }).click()
		await desk.getByRole('grid', { name: /^Times of all doctors/ }).waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})
})
