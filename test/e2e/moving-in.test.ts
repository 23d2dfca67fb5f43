/// <reference lib="dom" />
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import type { Locator, Page } from 'playwright-core'
import { aProcess, type ServerProcess } from '../platform/a-process.ts'
import { desktop, useBrowser } from '../support/browser.ts'
import { call } from '../support/http.ts'
import { freshStores, nodeTemplate } from '../support/servers.ts'

const maxClicks = 60

const admin = { fullName: 'Helena Brandt', email: 'helena@praxis.example', password: 'a long enough password' }
const doctors = [
	['Dr. Ada Winter', 'General practice', 'ada@praxis.example'],
	['Dr. Ben Sommer', 'Cardiology', 'ben@praxis.example'],
	['Dr. Cem Herbst', 'Dermatology', 'cem@praxis.example'],
] as const

describe('a clinic that moves in', function () {
	this.timeout(180_000)
	const browsing = useBrowser()
	let stores: Awaited<ReturnType<typeof freshStores>>
	let server: ServerProcess
	let directory: string
	let clicks = 0

	before(async () => {
		directory = mkdtempSync(path.join(tmpdir(), 'liveslot-moving-in-'))
		stores = await freshStores(nodeTemplate)
		server = aProcess({ DATA_DIR: directory, DATABASE_URL: stores.databaseUrl, REDIS_URL: stores.redisUrl, LOG_LEVEL: 'silent' })
		await server.url
		await server.says('/first-admin?token=')
	})
	after(async () => {
		server.child.kill('SIGTERM')
		await server.exit
		await stores.drop()
		rmSync(directory, { recursive: true, force: true })
	})

	const click = async (target: Locator) => {
		clicks++
		await target.click()
	}
	/** Opening a list, and choosing from it. */
	const choose = async (list: Locator, label: string) => {
		clicks += 2
		await list.selectOption({ label })
	}
	const button = (within: Page | Locator, name: string | RegExp) => within.getByRole('button', { name })

	const openFirstAccount = async (page: Page) => {
		const [link = ''] = /http\S+\/first-admin\?token=\S+/.exec(server.printed()) ?? []
		await page.goto(link)
		await page.getByLabel('Full name').fill(admin.fullName)
		await page.getByLabel('E-mail address').fill(admin.email)
		await page.getByLabel('Password', { exact: true }).fill(admin.password)
		await click(button(page, 'Open account and begin'))
		await page.getByRole('heading', { level: 1, name: 'Set up the clinic' }).waitFor()
	}

	const fillAddress = async (page: Page | Locator, line: string, postalCode: string, city: string) => {
		await page.getByLabel('Street and number').fill(line)
		await page.getByLabel('Postal code').fill(postalCode)
		await page.getByLabel('City').fill(city)
	}

	const setUpClinicAndSites = async (page: Page) => {
		await page.getByLabel('Name of the clinic').fill('Praxis am Park')
		await fillAddress(page, 'Parkstraße 7', '10115', 'Berlin')
		await page.getByLabel('Phone', { exact: true }).fill('+49 30 1234567')
		await click(button(page, 'Save and go on'))

		const first = page.getByRole('form', { name: 'Main site' })
		await first.getByLabel('Name of the site').fill('Mitte')
		expect(await first.getByLabel('Street and number').inputValue(), 'as the clinic').to.equal('Parkstraße 7')
		await click(button(first, 'Save'))
		await click(button(page, 'Add a site'))
		const second = page.getByRole('form', { name: 'Add a site' })
		await second.getByLabel('Name of the site').fill('Potsdam')
		await fillAddress(second, 'Am Kanal 3', '14467', 'Potsdam')
		await click(button(second, 'Save'))
		await page.getByTestId('site').filter({ hasText: 'Am Kanal 3' }).waitFor()
		await click(button(page, /^Continue/))
	}

	const setUpTypes = async (page: Page) => {
		await click(button(page, 'General practice'))
		await click(button(page, 'Add (4)'))
		await page.getByTestId('type').nth(3).waitFor()
		await click(button(page, /^Continue/))
	}

	const invite = async (page: Page, fullName: string, email: string, specialty?: string) => {
		const form = page.getByRole('form', { name: 'Invite' })
		await form.getByLabel('Full name').fill(fullName)
		if (specialty) await form.getByRole('combobox', { name: 'Specialty' }).fill(specialty)
		await form.getByLabel('E-mail address').fill(email)
		await click(button(form, 'Invite'))
		await page.getByTestId('colleague').filter({ hasText: fullName }).getByText('invited').waitFor()
	}

	const setUpDoctorsAndHours = async (page: Page) => {
		for (const [fullName, specialty, email] of doctors) await invite(page, fullName, email, specialty)
		await click(button(page, /^Continue/))
		for (const [fullName] of doctors) {
			const form = page.getByRole('form', { name: `Hours of ${fullName}` })
			if (fullName === 'Dr. Ben Sommer') await choose(form.getByLabel('Copy from'), 'Dr. Ada Winter')
			if (fullName === 'Dr. Cem Herbst') await choose(form.getByLabel('Site'), 'Potsdam')
			await form.getByText(/^New times: [1-9]/).waitFor()
			await click(button(form, 'Save hours'))
			await page.getByTestId('doctor-with-hours').filter({ hasText: fullName }).waitFor()
		}
		await click(button(page, /^Continue/))
	}

	const setUpTheRest = async (page: Page) => {
		await invite(page, 'Noor Haddad', 'noor@praxis.example')
		await click(button(page, /^Continue/))
		await choose(page.getByLabel('Region').first(), 'Berlin')
		await page.getByTestId('closure-effects').waitFor()
		await click(button(page, /^Close on these days/))
		await page.getByTestId('closure').first().waitFor()
		await click(button(page, /^Continue/))
		await page.getByRole('heading', { name: 'Test booking' }).waitFor()
	}

	const bookAsPatient = async (url: string) => {
		const page = await browsing.visitor(desktop)
		await page.goto(url)
		await click(page.getByRole('link', { name: 'Dr. Cem Herbst', exact: true }))
		await click(button(page, /^Later/))
		await page.waitForURL(/date=/)
		await click(page.locator('[data-testid="slot"][data-state="free"]:not([disabled])').first())
		const panel = page.getByRole('dialog')
		await click(button(panel, 'Use a password'))
		await click(button(panel, 'Create an account'))
		await panel.getByLabel('Full name').fill('Grace Hopper')
		await panel.getByLabel('E-mail address').fill('grace@example.com')
		await panel.getByLabel('Phone').fill('+49 30 7654321')
		await panel.getByLabel('Password', { exact: true }).fill('a compiler in 1952')
		await click(button(panel, 'Create an account'))
		await click(button(panel, 'Book appointment'))
		await page.getByTestId('booked').waitFor()
	}

	it('has its first booking after fewer than 60 clicks: three doctors, four types, two sites, holidays', async () => {
		const beganMs = performance.now()
		const url = await server.url
		const page = await browsing.visitor(desktop)
		await openFirstAccount(page)
		await setUpClinicAndSites(page)
		await setUpTypes(page)
		await setUpDoctorsAndHours(page)
		await setUpTheRest(page)
		await bookAsPatient(url)
		console.log(`      ${clicks} clicks, and ${((performance.now() - beganMs) / 1000).toFixed(0)} s without the typing`)
		expect(clicks).to.be.below(maxClicks)

		const list = async (at: string) => (await call({ url }, 'GET', at)).body.items
		expect((await list('/doctors')).map(({ fullName }: { fullName: string }) => fullName)).to.deep.equal(doctors.map(([name]) => name))
		expect((await list('/sites')).map(({ name }: { name: string }) => name)).to.deep.equal(['Mitte', 'Potsdam'])
		expect(await list('/appointment-types')).to.have.length(4)
		expect(await list('/closures')).to.have.length.greaterThan(8)
		expect((await call({ url }, 'GET', '/clinic')).body).to.deep.include({ name: 'Praxis am Park', timeZone: 'Europe/Berlin' })
		expect(browsing.complaints).to.deep.equal([])
	})

	it('greets its admin with what is still to be done, and with its figures once patients come', async () => {
		const page = await browsing.visitor(desktop)
		await page.goto(`${await server.url}/sign-in`)
		await page.getByLabel('E-mail address').fill(admin.email)
		await page.getByLabel('Password', { exact: true }).fill(admin.password)
		await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
		await page.waitForURL(/\/admin\/analytics$/)
		await page.goto(`${await server.url}/admin/setup`)
		await page.getByText('There is a first booking.').waitFor()
		expect(await page.getByRole('navigation', { name: 'Steps' }).getByLabel('done').count()).to.equal(8)
	})
})
