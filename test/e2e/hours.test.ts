/// <reference lib="dom" />
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import type { Plan, Slot } from '../../contract/index.ts'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { anAdmin, aPatient } from '../support/people.ts'

const dayMs = 86_400_000
const dateOf = (instant: string | number) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(new Date(instant))
const ahead = (days: number) => dateOf(Date.now() + days * dayMs)
const longDay = (date: string) =>
	new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(date))
/** The first Saturday at least so many days ahead. */
const saturday = (days: number) => ahead(days + ((6 - new Date(ahead(days)).getUTCDay() + 7) % 7))

describe('a doctor’s hours through the year', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })
	let doctorId: string
	let siteId: string

	const plans = async () => (await call(node, 'GET', `/doctors/${doctorId}/plans`)).body.items as Plan[]
	const slotsOn = async (date: string) =>
		(await call(node, 'GET', `/doctors/${doctorId}/slots?from=${date}&to=${date}`)).body.slots as Slot[]
	const freeOn = async (date: string) => (await slotsOn(date)).filter(({ state }) => state === 'free')
	const book = async (slot: Slot | undefined) => {
		const { token } = await aPatient(node)
		const { status } = await call(node, 'POST', '/appointments', { token, key: randomUUID(), body: { slotId: slot?.id } })
		expect(status).to.equal(201)
	}
	/** A day with free slots, from so many days ahead. */
	const workingDay = async (days: number): Promise<string> => ((await freeOn(ahead(days))).length > 1 ? ahead(days) : workingDay(days + 1))
	const open = async (look = desktop) => {
		const page = await browsing.visitor(look)
		await signIn(page, node.url, 'doctor@clinic.example', { path: '/hours' })
		await shown(page)
		return page
	}
	const shown = (page: Page) => page.locator('[data-testid="year"][aria-busy="false"]').waitFor()
	/** The day's cell, in whichever year it is. */
	const cell = async (page: Page, date: string) => {
		await shown(page)
		const found = page.locator(`[data-date="${date}"]`)
		if ((await found.count()) === 0) await page.getByRole('button', { name: 'Next year' }).click()
		await found.waitFor()
		return found
	}
	const label = async (page: Page, date: string) => (await cell(page, date)).getAttribute('aria-label')
	const noComplaints = () => expect(browsing.complaints).to.deep.equal([])

	before(async () => {
		doctorId = (await doctorNamed(node, 'Lindner')).id
		siteId = (await plans())[0]?.siteId as string
	})

	it('gets a second plan at another site from a date, after its effects were shown', async () => {
		const date = await workingDay(30)
		await book((await freeOn(date))[0])
		const page = await open()
		await page.getByRole('button', { name: /^New hours from a date: / }).click()
		const form = page.getByRole('form', { name: 'Add weekly hours' })
		await form.getByLabel('Site', { exact: true }).selectOption({ label: 'New York Chelsea' })
		await form.getByLabel('Valid from').fill(date)
		for (const weekday of ['Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) {
			const day = form.getByRole('group', { name: weekday, exact: true })
			const removing = day.getByRole('button', { name: /^Remove hours 1/ })
			while ((await removing.count()) > 0) await removing.click()
		}
		// By the keyboard alone: from Monday's button to the day's copies.
		await form.getByRole('button', { name: 'Copy the hours of Monday to …' }).press('Enter')
		const copying = form.getByRole('group', { name: 'Copy the hours of Monday to …' })
		for (const weekday of ['Tuesday', 'Thursday', 'Friday']) await copying.getByLabel(weekday).press('Space')
		await copying.getByRole('button', { name: 'Copy' }).press('Enter')
		await form.getByRole('button', { name: 'Preview' }).click()
		const preview = form.getByTestId('hours-preview')
		await preview.getByText(/^Slots that go: [1-9]/).waitFor()
		const visit = preview.getByTestId('conflicts').getByRole('link').first()
		expect(await visit.getAttribute('href')).to.equal(`/day?date=${date}`)
		expect(await plans(), 'not yet').to.have.length(1)

		await form.getByLabel('Length of a slot in minutes').fill('45')
		await preview.waitFor({ state: 'detached' })
		await form.getByRole('button', { name: 'Preview' }).click()
		await form.getByRole('button', { name: 'Save these hours' }).click()
		await page.getByTestId('hours-saved').getByRole('link').first().waitFor()
		const [first, second] = await plans()
		expect(first).to.include({ siteId, validUntil: dateOf(Date.parse(date) - dayMs / 2) })
		expect(second).to.include({ slotMinutes: 45, validFrom: date })
		expect([...new Set(second?.weekly.map(({ weekday }) => weekday))]).to.deep.equal([1, 3])
		await page.getByTestId('plan').filter({ hasText: 'New York Chelsea' }).filter({ hasText: 'until further notice' }).waitFor()
		await page.getByTestId('plan').filter({ hasText: 'Berlin Mitte' }).getByText('in force').waitFor()
		const legend = page.getByTestId('year-legend')
		await legend.getByText('New York Chelsea').waitFor()
		const monday = ahead(45 + ((8 - new Date(ahead(45)).getUTCDay()) % 7))
		expect(await label(page, monday)).to.match(/at New York Chelsea$/)
		noComplaints()
	})

	it('loses a plan only after a question, and gets its slots back when the other goes on again', async () => {
		const [first, second] = await plans()
		const page = await open()
		await page.getByRole('button', { name: /^Remove: New York Chelsea/ }).click()
		await page
			.getByTestId('hours-preview')
			.getByText(/^Slots that go: [1-9]/)
			.waitFor()
		await page.getByRole('button', { name: 'Back', exact: true }).click()
		expect(await plans()).to.have.length(2)
		await page.getByRole('button', { name: /^Remove: New York Chelsea/ }).click()
		await page.getByRole('button', { name: 'Remove these hours' }).click()
		await page.getByTestId('hours-saved').waitFor()
		expect(await plans()).to.deep.equal([first])

		await page.getByRole('button', { name: /^Change: Berlin Mitte/ }).click()
		const form = page.getByRole('form', { name: 'Change weekly hours' })
		await form.getByLabel('Valid until').fill('')
		await form.getByRole('button', { name: 'Preview' }).click()
		await form
			.getByTestId('hours-preview')
			.getByText(/^New slots: [1-9]/)
			.waitFor()
		await form.getByRole('button', { name: 'Save these hours' }).click()
		await page.getByTestId('hours-saved').waitFor()
		expect((await freeOn(second?.validFrom as string)).length).to.be.greaterThan(0)

		await page.getByRole('button', { name: /^New hours from a date: / }).click()
		const other = page.getByRole('form', { name: 'Add weekly hours' })
		await other.getByLabel('Valid from').fill('')
		await other.getByRole('button', { name: 'Preview' }).click()
		await other.getByText('Other hours are valid at that time. End or change those first.').waitFor()
	})

	it('has one different Saturday at another site, seen in the year, and goes back', async () => {
		const date = saturday(14)
		const page = await open()
		const before = await label(page, date)
		await (await cell(page, date)).click()
		const panel = page.getByRole('dialog', { name: longDay(date) })
		await panel.getByRole('button', { name: 'Different hours' }).click()
		const fields = panel.getByRole('group', { name: longDay(date) })
		const removing = fields.getByRole('button', { name: /^Remove hours 1/ })
		while ((await removing.count()) > 0) await removing.click()
		await fields.getByRole('button', { name: /^Add hours/ }).click()
		await fields.getByLabel(/hours 1, from$/).fill('10:00')
		await fields.getByLabel(/hours 1, to$/).fill('12:00')
		await fields.getByLabel(/hours 1, site$/).selectOption({ label: 'Kolkata Park Street' })
		await panel.getByRole('button', { name: 'Preview' }).click()
		await panel
			.getByTestId('hours-preview')
			.getByText(/^New slots: [1-9]/)
			.waitFor()
		await panel.getByRole('button', { name: 'Save this day' }).click()
		await panel.getByTestId('hours-saved').waitFor()
		const [slot] = await freeOn(date)
		expect(slot?.startsAt).to.equal(`${date}T04:30:00.000Z`)
		await panel.getByText('different hours on this day; 10:00–12:00 at Kolkata Park Street').waitFor()
		await page.keyboard.press('Escape')
		await panel.waitFor({ state: 'detached' })
		expect(await label(page, date)).to.equal(`${longDay(date)}: different hours on this day; 10:00–12:00 at Kolkata Park Street`)

		await (await cell(page, date)).press('Enter')
		await panel.getByRole('button', { name: 'Back to the weekly hours' }).click()
		await panel.getByRole('button', { name: 'Return to the weekly hours' }).click()
		await panel.getByTestId('hours-saved').waitFor()
		await page.keyboard.press('Escape')
		expect(await label(page, date)).to.equal(before)
		noComplaints()
	})

	it('has a day off that leaves a visit in conflict, with the way to it', async () => {
		const date = await workingDay(21)
		await book((await freeOn(date))[0])
		const page = await open()
		await (await cell(page, date)).click()
		const panel = page.getByRole('dialog', { name: longDay(date) })
		await panel.getByRole('button', { name: 'Day off' }).click()
		await panel
			.getByTestId('hours-preview')
			.getByText(/^Slots that go: [1-9]/)
			.waitFor()
		await panel.getByText(/^Appointments in conflict: [1-9]/).waitFor()
		expect((await freeOn(date)).length, 'not yet').to.be.greaterThan(0)
		await panel.getByRole('button', { name: 'Make it a day off' }).click()
		const visit = panel.getByTestId('hours-saved').getByRole('link').first()
		await visit.waitFor()
		expect(await freeOn(date)).to.deep.equal([])
		await visit.click()
		await page.waitForURL(`**/day?date=${date}`)
		await page.getByRole('list', { name: 'Appointments of the day' }).getByRole('listitem').first().waitFor()
		await page.goto(`${node.url}/hours`)
		expect(await label(page, date)).to.equal(`${longDay(date)}: day off`)
		noComplaints()
	})

	it('shows a closure, and is gone through by the keyboard on a phone as well', async () => {
		const date = await workingDay(40)
		const { token } = await anAdmin(node)
		const body = { siteId, from: date, to: date, name: 'Painters' }
		expect((await call(node, 'POST', '/closures', { token, body })).status).to.equal(201)
		const page = await open(phone)
		expect(await label(page, date)).to.equal(`${longDay(date)}: closed: Painters`)
		const start = await cell(page, date)
		await start.click()
		await page.getByTestId('day-panel').getByText('closed: Painters').waitFor()
		await page.keyboard.press('Escape')
		await page.getByTestId('day-panel').waitFor({ state: 'detached' })
		await start.focus()
		const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.date)
		const later = (days: number) => new Date(Date.parse(date) + days * dayMs).toISOString().slice(0, 10)
		for (const [key, days] of [
			['ArrowRight', 1],
			['ArrowDown', 8],
			['ArrowLeft', 7],
			['ArrowUp', 0],
		] as const) {
			await page.keyboard.press(key)
			expect(await focused(), key).to.equal(later(days))
		}
		await page.keyboard.press('PageDown')
		expect(Number((await focused())?.slice(5, 7))).to.equal((Number(date.slice(5, 7)) % 12) + 1)
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.be.at.most(390)
		noComplaints()
	})
})
