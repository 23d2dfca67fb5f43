/// <reference lib="dom" />
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Locator, Page } from 'playwright-core'
import { violationsIn } from '../support/axe.ts'
import { phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

describe('the way to a booking, counted in taps', function () {
	this.timeout(120_000)
	const node = useDemoNode({ RATE_LIMIT: 'off' })
	const browsing = useBrowser({ returning: true })

	let taps = 0
	beforeEach(() => {
		taps = 0
	})
	const tap = async (target: Locator) => {
		taps++
		await target.tap()
	}
	/** Typing needs a tap into the field first, unless the field has the focus. */
	const type = async (field: Locator, text: string) => {
		await field.waitFor()
		if (!(await field.evaluate(each => each === document.activeElement))) taps++
		await field.fill(text)
	}
	const firstTime = (page: Page, nth = 0) => page.getByRole('list', { name: 'Next free times' }).nth(nth).getByRole('link').first()
	const sheetOf = (page: Page) => page.getByTestId('confirm-panel')
	const atStep = (page: Page, step: string) => page.locator(`[data-testid="confirm-panel"][data-step="${step}"]`).waitFor()
	const codeFor = async (email: string): Promise<string> => {
		let code: string | undefined
		await waitFor(async () => {
			const { items } = (await (await fetch(`${node.url}/dev/outbox.json`)).json()) as { items: { to: string; text: string }[] }
			code = /\b(\d{6})\b/.exec(items.find(({ to }) => to.includes(email))?.text ?? '')?.[1]
			return code !== undefined
		}, 'the code is in the outbox')
		return code as string
	}
	const askForCode = async (page: Page, email: string) => {
		const sheet = sheetOf(page)
		await type(sheet.getByLabel('Full name'), 'Grace Hopper')
		await type(sheet.getByLabel('E-mail address'), email)
		await tap(sheet.getByRole('button', { name: 'Send me a code' }))
		await sheet.getByLabel('Code from the mail').waitFor()
	}
	/** What reaches beyond the screen, when the page can be moved sideways. */
	const tooWide = (page: Page) =>
		page.evaluate(() => {
			const { clientWidth, scrollWidth } = document.documentElement
			if (scrollWidth <= clientWidth && clientWidth <= 320) return []
			return [...document.querySelectorAll('body *')]
				.filter(each => each.getBoundingClientRect().right > 320 && each.childElementCount === 0)
				.map(each => each.outerHTML.slice(0, 160))
		})
	const slotIdOf = (page: Page) => new URL(page.url()).searchParams.get('slot') as string
	const stateOf = async (slotId: string) =>
		(
			await node
				.db('appointments')
				.count()
				.where({ status: 'booked' })
				.whereRaw("doctor_id::text || '-' || (extract(epoch from starts_at) / 60)::bigint = ?", [slotId])
				.first()
		)?.count

	it('takes a signed-in patient two taps from the first page', async () => {
		const page = await browsing.visitor(phone)
		await signIn(page, node.url, 'patient5@clinic.example')
		await firstTime(page).waitFor()
		await tap(firstTime(page))
		await atStep(page, 'held')
		const slotId = slotIdOf(page)
		await tap(sheetOf(page).getByRole('button', { name: 'Book appointment' }))
		await atStep(page, 'booked')
		expect(taps).to.equal(2)
		expect(Number(await stateOf(slotId))).to.equal(1)
		expect(new URL(page.url()).searchParams.has('slot'), 'a refresh tries to hold nothing').to.equal(false)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('takes a new patient seven taps at most, with two fields and a code, and holds the time meanwhile', async () => {
		const page = await browsing.visitor(phone)
		await page.goto(node.url)
		await firstTime(page).waitFor()
		await tap(firstTime(page))
		await atStep(page, 'identify')
		await sheetOf(page)
			.getByText(/Held while you tell us who you are: [12]:\d\d/)
			.waitFor()
		expect(await violationsIn(page, 'light')).to.deep.equal([])
		if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/identify-390.png` })
		const slotId = slotIdOf(page)
		const rival = await aPatient(node)
		const refused = await call(node, 'POST', `/slots/${slotId}/hold`, { token: rival.token, body: {} })
		expect(refused.body.code).to.equal('slot_held')
		const email = `${randomUUID()}@example.com`
		await askForCode(page, email)
		expect(await violationsIn(page, 'dark')).to.deep.equal([])
		await type(sheetOf(page).getByLabel('Code from the mail'), await codeFor(email))
		await atStep(page, 'held')
		expect(slotIdOf(page)).to.equal(slotId)
		await tap(sheetOf(page).getByRole('button', { name: 'Book appointment' }))
		await atStep(page, 'booked')
		console.log(`      ${taps} taps`)
		expect(taps).to.be.at.most(7)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('leads back: Back closes the sheet and frees the time, and Forward opens the same choice', async () => {
		const page = await browsing.visitor(phone)
		await signIn(page, node.url, 'patient6@clinic.example')
		await firstTime(page, 1).waitFor()
		await page
			.getByRole('link', { name: /^All times of/ })
			.nth(1)
			.tap()
		const free = page.locator('[data-testid="slot"][data-kind="free"]:not([disabled])')
		await page.getByRole('button', { name: /^Next free/ }).tap()
		await free.first().waitFor()
		await free.first().tap()
		await atStep(page, 'held')
		const slotId = slotIdOf(page)
		await sheetOf(page).getByLabel('Reason for your visit').fill('A moth')
		await page.goBack()
		await sheetOf(page).waitFor({ state: 'detached' })
		await page.locator(`[data-slot-id="${slotId}"][data-kind="free"]`).waitFor()
		await page.goForward()
		await atStep(page, 'held')
		expect(slotIdOf(page)).to.equal(slotId)
		expect(await sheetOf(page).getByLabel('Reason for your visit').inputValue()).to.equal('A moth')
		await page.reload()
		await atStep(page, 'held')
		expect(await sheetOf(page).getByLabel('Reason for your visit').inputValue(), 'after a refresh').to.equal('A moth')
		await sheetOf(page).getByRole('button', { name: 'Release this time' }).tap()
		await sheetOf(page).waitFor({ state: 'detached' })
		expect(slotIdOf(page)).to.equal(null)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('opens the same choice for another person who gets the address', async () => {
		const page = await browsing.visitor(phone)
		await page.goto(node.url)
		await firstTime(page, 2).waitFor()
		await firstTime(page, 2).tap()
		await atStep(page, 'identify')
		const [address, slotId] = [page.url(), slotIdOf(page)]
		await sheetOf(page)
			.getByText(/Held while/)
			.waitFor()
		await page.reload()
		await sheetOf(page)
			.getByText(/Held while/)
			.waitFor()
		await page.goBack()
		await firstTime(page, 2).waitFor()
		const other = await browsing.visitor(phone)
		await other.goto(address)
		await sheetOf(other)
			.getByText(/Held while/)
			.waitFor()
		expect(slotIdOf(other)).to.equal(slotId)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('says at once that a time is gone while a newcomer signs up, and offers others', async () => {
		const page = await browsing.visitor(phone)
		await page.goto(node.url)
		await firstTime(page, 3).waitFor()
		const target = await firstTime(page, 3).getAttribute('href')
		const slotId = new URL(target as string, node.url).searchParams.get('slot') as string
		// Guests have had this time too often: it is not held for them, and another patient takes it.
		await page.context().route('**/guest-holds', (route, request) =>
			request.method() === 'POST' && !taken
				? route.fulfill({
						status: 429,
						contentType: 'application/problem+json',
						body: JSON.stringify({ code: 'hold_limit', status: 429 }),
					})
				: route.continue(),
		)
		let taken = false
		await firstTime(page, 3).tap()
		await sheetOf(page)
			.getByText(/free, but not held for you/)
			.waitFor()
		const rival = await aPatient(node)
		taken = true
		const booked = await call(node, 'POST', '/appointments', { token: rival.token, body: { slotId } })
		expect(booked.status).to.equal(201)
		await atStep(page, 'refused')
		expect(await page.getByTestId('alternative').count()).to.be.within(1, 5)
		await page.getByTestId('alternative').first().tap()
		await atStep(page, 'identify')
		await sheetOf(page)
			.getByText(/Held while/)
			.waitFor()
		expect(slotIdOf(page)).to.not.equal(slotId)
	})

	it('takes a patient to whom the doctor does not matter three taps, at the doctor with the most room', async () => {
		const page = await browsing.visitor(phone)
		await signIn(page, node.url, 'patient7@clinic.example')
		await tap(page.getByRole('button', { name: 'By time, any doctor' }))
		await page.getByTestId('any-time').first().waitFor()
		expect(await violationsIn(page, 'light')).to.deep.equal([])
		if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/times-390.png`, fullPage: true })
		await page.setViewportSize({ width: 320, height: 640 })
		if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/times-320.png` })
		expect(await tooWide(page)).to.deep.equal([])
		await tap(page.getByTestId('any-time').nth(5))
		await atStep(page, 'held')
		await tap(sheetOf(page).getByRole('button', { name: 'Book appointment' }))
		await atStep(page, 'booked')
		expect(taps).to.equal(3)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('opens a doctor’s calendar on the first day with a free time', async () => {
		const page = await browsing.visitor(phone)
		const [doctor] = (await call(node, 'GET', '/doctors')).body.items
		const soon = new Date(Date.now() + 12 * 86_400_000)
		await node.db('appointment_slots').where({ doctor_id: doctor.id }).where('starts_at', '<', soon).update({ is_blocked: true })
		await page.goto(`${node.url}/doctors/${doctor.id}`)
		await page.locator('[data-testid="slot"][data-kind="free"]:not([disabled])').first().waitFor()
	})
})
