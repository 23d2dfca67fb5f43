/// <reference lib="dom" />
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'

const slot = (page: Page, id: string) => page.locator(`[data-testid="slot"][data-slot-id="${id}"]`)
const stateOf = (page: Page, id: string) => slot(page, id).getAttribute('data-state')

const untilState = (page: Page, id: string, state: string) =>
	page.waitForSelector(`[data-testid="slot"][data-slot-id="${id}"][data-state="${state}"]`)

const freeSlots = async (page: Page): Promise<string[]> => {
	await page.waitForSelector('[data-testid="slot"][data-state="free"]')
	return await page
		.locator('[data-testid="slot"][data-state="free"]')
		.evaluateAll(buttons => buttons.map(button => (button as HTMLElement).dataset.slotId as string))
}

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

describe('two browsers on one calendar', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const openCalendar = async (page: Page, doctor = 'Dr. Anna Lindner') => {
		const { id } = await doctorNamed(node, doctor)
		await page.goto(`${node.url}/doctors/${id}?date=${dateAhead(7)}`)
	}

	it('see a hold within half a second, and the booking that follows', async () => {
		const patient = await browsing.visitor()
		const watcher = await browsing.visitor()
		await signIn(patient, node.url, 'patient2@clinic.example')
		await openCalendar(patient)
		// The page's policy lets it: refused, it would fall back to polling, and be slower.
		const overWebSocket = watcher.waitForEvent('websocket').then(socket => socket.waitForEvent('framereceived'))
		await openCalendar(watcher)
		await overWebSocket
		const ids = await freeSlots(watcher)
		const seenMs: number[] = []
		for (const id of ids.slice(0, 3)) {
			const seen = untilState(watcher, id, 'held')
			await slot(patient, id).click()
			const beganMs = performance.now()
			await seen
			seenMs.push(performance.now() - beganMs)
			await patient
				.getByTestId('confirm-panel')
				.getByRole('button', { name: /release/i })
				.click()
			await untilState(watcher, id, 'free')
		}
		console.log(`      a hold was seen by the other browser after ${seenMs.map(ms => ms.toFixed(0)).join(', ')} ms`)
		expect(Math.min(...seenMs)).to.be.lessThan(500)

		const target = ids[0] as string
		await slot(patient, target).click()
		await patient.getByTestId('countdown').waitFor()
		await patient
			.getByTestId('confirm-panel')
			.getByRole('button', { name: /confirm|book/i })
			.click()
		await patient.getByTestId('booked').waitFor()
		await untilState(watcher, target, 'booked')
		expect(await stateOf(patient, target)).to.equal('booked')
		const { count } = (await node
			.db('appointments')
			.where({ booked_by: (await node.db('users').where({ email: 'patient2@clinic.example' }).first('id')).id })
			.count()
			.first()) as { count: string }
		expect(Number(count)).to.equal(1)
	})

	it('offer the loser five nearest free times to tap', async () => {
		const loser = await browsing.visitor(phone)
		// The loser's connection is a moment behind: what changed on the calendar has not arrived when the tap is made.
		let behind = false
		await loser.routeWebSocket(/socket\.io/, page => {
			const server = page.connectToServer()
			server.onMessage(message => {
				if (!behind || !String(message).includes('calendar:changed')) page.send(message)
			})
		})
		await signIn(loser, node.url, 'patient3@clinic.example')
		await openCalendar(loser)
		const [target] = await freeSlots(loser)
		const { body } = await call(node, 'POST', '/auth/login', { body: { email: 'patient4@clinic.example', password: 'demo-clinic-2026' } })
		behind = true
		const booking = await call(node, 'POST', '/appointments', { token: body.accessToken, key: randomUUID(), body: { slotId: target } })
		expect(booking.status).to.equal(201)
		await slot(loser, target as string).click()
		await loser.getByTestId('alternative').first().waitFor()
		expect(await loser.getByTestId('alternative').count()).to.equal(5)
		behind = false
		await loser.getByTestId('alternative').first().click()
		await loser.getByTestId('countdown').waitFor()
	})

	it('show a booking whose version is lower than the last one, as after a lagging replica was promoted', async () => {
		const page = await browsing.visitor()
		// Every change that arrives from now on has a number that was given out before; the next snapshot goes on from there.
		let lowerBy = 0
		let snapshots = 0
		const lower = (message: string) =>
			message.replace(/"(fromVersion|toVersion|version)":(\d+)/g, (_, name, at) => `"${name}":${at - lowerBy}`)
		await page.routeWebSocket(/socket\.io/, route => {
			const server = route.connectToServer()
			route.onMessage(message => {
				if (String(message).includes('calendar:watch')) snapshots++
				server.send(message)
			})
			server.onMessage(message => route.send(typeof message === 'string' ? lower(message) : message))
		})
		await openCalendar(page, 'Dr. Marcus Okafor')
		const [first, second] = await freeSlots(page)
		const { body } = await call(node, 'POST', '/auth/login', { body: { email: 'patient6@clinic.example', password: 'demo-clinic-2026' } })
		const book = async (slotId: string | undefined) => {
			const answer = await call(node, 'POST', '/appointments', { token: body.accessToken, key: randomUUID(), body: { slotId } })
			expect(answer.status).to.equal(201)
		}
		const before = snapshots
		lowerBy = 1_000_000
		await book(first)
		await untilState(page, first as string, 'booked')
		expect(snapshots).to.equal(before + 1)
		await book(second)
		await untilState(page, second as string, 'booked')
		expect(snapshots, 'changes follow the new snapshot without another').to.equal(before + 1)
	})

	it('let a visitor watch without an account, and keep the chosen slot through signing in', async () => {
		const visitor = await browsing.visitor(phone)
		await openCalendar(visitor)
		const [target] = await freeSlots(visitor)
		await slot(visitor, target as string).click()
		const panel = visitor.getByTestId('confirm-panel')
		await panel.getByRole('button', { name: 'Use a password' }).click()
		await panel.getByLabel('E-mail address').fill('patient5@clinic.example')
		await panel.getByLabel('Password', { exact: true }).fill('demo-clinic-2026')
		await panel.getByRole('button', { name: 'Sign in' }).last().click()
		await visitor.getByTestId('countdown').waitFor()
		await panel.getByRole('button', { name: /confirm|book/i }).click()
		await visitor.getByTestId('booked').waitFor()
		await visitor.goto(`${node.url}/visits`)
		await visitor.getByText('Dr. Anna Lindner').first().waitFor()
	})

	it('work in Arabic from right to left', async () => {
		const visitor = await browsing.visitor({ ...desktop, locale: 'ar' })
		await openCalendar(visitor)
		await freeSlots(visitor)
		expect(await visitor.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).to.deep.equal(['ar', 'rtl'])
		const brand = await visitor.locator('header').getByText('Meridian Group Practice').boundingBox()
		expect(brand?.x ?? 0, 'the header begins at the right').to.be.greaterThan(640)
		expect(await visitor.getByRole('main').innerText()).to.match(/[\u0600-\u06ff]/)
	})
})
