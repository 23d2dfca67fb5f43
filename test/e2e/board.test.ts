/// <reference lib="dom" />
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { violationsOf } from '../support/axe.ts'
import { desktop, signIn, useBrowser } from '../support/browser.ts'
import { someSlots } from '../support/calendar.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { aLargeClinic, doctorsAtSite, largeDoctors } from '../support/large-clinic.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aReceptionist } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { wordsIn } from '../support/words.ts'
import { keyboardOf, openDesk as openDeskOf } from './at-the-desk.ts'

const small = { ...desktop, viewport: { width: 1366, height: 768 } }

describe('the board of the desk', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })
	const words = wordsIn('en')

	const openDesk = (path?: string) => openDeskOf(browsing, node, { device: small, ...(path && { path }) })
	const isBooked = async (test: (row: { starts_at: Date; doctor_id: string; status: string }) => boolean) => {
		const reception = await node.db('users').where({ email: 'reception@clinic.example' }).first('id')
		const rows = await node.db('appointments').where({ booked_by: reception.id }).whereNot('idempotency_key', 'like', 'seed-%')
		return rows.some(test)
	}
	const statusLine = (page: Page, text: string) => page.getByTestId('desk-status-line').filter({ hasText: text }).waitFor()

	/** The desk books and moves once the day's calendar is live, which on a day that it has just gone to takes a moment. */
	const readyToBook = (page: Page) => page.locator('[data-testid="desk-book"]:not([aria-disabled])').waitFor()

	it('books the earliest time at any doctor with at most 5 key presses', async () => {
		const page = await openDesk()
		const keyboard = keyboardOf(page)
		await page.getByTestId('desk-search').focus()
		await keyboard.type('Abebe')
		await page.getByRole('option').first().waitFor()
		await keyboard.press('Enter')
		await page.waitForFunction(() => document.activeElement?.tagName !== 'INPUT')
		await keyboard.press('e')
		await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.testid === 'desk-earliest-time')
		expect(await page.getByTestId('desk-earliest-time').count()).to.equal(5)
		expect(await violationsOf(page)).to.deep.equal([])
		await keyboard.press('Enter')
		await page.getByTestId('desk-confirm').waitFor()
		await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.testid === 'desk-book')
		await readyToBook(page)
		await keyboard.press('Enter')
		await statusLine(page, 'Abebe')
		await waitFor(() => isBooked(({ status }) => status === 'booked'), 'the appointment is in the database')
		expect(keyboard.presses).to.be.at.most(5)
	})

	it('moves a visit to a day that is not known yet with at most 8 key presses', async () => {
		const page = await openDesk()
		const keyboard = keyboardOf(page)
		const visit = page.locator('[data-testid="desk-slot"][data-status="booked"]:not([data-past])')
		for (let day = 0; day < 5 && (await visit.count()) === 0; day++) {
			await page.keyboard.press('PageDown')
			await visit
				.first()
				.waitFor({ timeout: 4000 })
				.catch(() => {})
		}
		await visit.first().focus()
		await keyboard.press('Enter')
		await page.getByTestId('desk-action-move').waitFor()
		await keyboard.press('m')
		await page.getByTestId('desk-caller').waitFor()
		await keyboard.press('e')
		const first = page.getByTestId('desk-earliest-time').first()
		await first.waitFor()
		const before = await first.innerText()
		await keyboard.press('6')
		await page.waitForFunction(text => document.querySelector('[data-testid="desk-earliest-time"]')?.textContent !== text, before)
		await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.testid === 'desk-earliest-time')
		await keyboard.press('Enter')
		await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.testid === 'desk-book')
		await readyToBook(page)
		await keyboard.press('Enter')
		await statusLine(page, words('desk.status.moved', { name: '', time: '' }).split(':')[0] as string)
		expect(keyboard.presses).to.be.at.most(8)
	})

	it('goes to a typed date, and says what a day without times is: not open yet, or closed', async () => {
		const page = await openDesk()
		await page.keyboard.press('Escape')
		await page.getByTestId('desk-slot').first().focus()
		await page.keyboard.press('g')
		await page.keyboard.type('+5m')
		await page.keyboard.press('Enter')
		await page.getByText(words('board.notOpenYet')).first().waitFor()
		const [, date] = /date=([\d-]+)/.exec(page.url()) as unknown as [string, string]
		await node.db('closures').insert({ first_day: date, last_day: date, name: 'Stocktaking' })
		await page.reload()
		await page
			.getByText(words('board.closed', { name: 'Stocktaking' }))
			.first()
			.waitFor()
	})

	it('puts a caller on the call list for a day that is not open yet, and takes them off it', async () => {
		const page = await openDesk()
		await page.getByTestId('desk-search').focus()
		await page.keyboard.type('Abebe')
		await page.getByRole('option').first().waitFor()
		await page.keyboard.press('Enter')
		await page.waitForFunction(() => document.activeElement?.tagName !== 'INPUT')
		await page.keyboard.press('e')
		await page.getByTestId('desk-earliest-from').fill('+5m')
		await page.getByTestId('desk-earliest-from').press('Enter')
		await page.getByText(words('board.noneInWeeks')).waitFor()
		await page.getByTestId('desk-recall').click()
		await statusLine(page, 'Abebe')
		await page.goto(`${node.url}/desk/recalls`)
		await page.getByText(words('board.recalls.none')).waitFor()
		await page.getByText(words('board.recalls.all'), { exact: true }).click()
		await page.getByTestId('recall').filter({ hasText: 'Abebe' }).waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		await page.getByTestId('recall').getByRole('button').first().click()
		await page.getByTestId('recall').waitFor({ state: 'detached' })
	})

	it('takes back a warning whose cause is gone', async () => {
		const page = await openDesk()
		await page.getByTestId('desk-search').focus()
		await page.keyboard.type('Abebe')
		await page.getByRole('option').first().waitFor()
		await page.keyboard.press('Enter')
		await page.getByTestId('desk-go-to').fill('+7m')
		await page.getByTestId('desk-go-to').press('Enter')
		await statusLine(page, words('desk.status.noneFree'))
		await page.getByTestId('desk-go-to').fill('+1w')
		await page.getByTestId('desk-go-to').press('Enter')
		await page.waitForFunction(
			text => !document.querySelector('[data-testid="desk-status-line"]')?.textContent?.includes(text),
			words('desk.status.noneFree'),
		)
	})

	it('fits a whole day on a screen of 1366 by 768, and remembers that', async () => {
		const page = await openDesk()
		const isWhole = () =>
			page.evaluate(() => {
				const board = document.querySelector('[role="grid"]')?.parentElement as HTMLElement
				return board.scrollHeight <= board.clientHeight + 1
			})
		await page.keyboard.press('Escape')
		await page.getByTestId('desk-slot').first().focus()
		await page.keyboard.press('f')
		await waitFor(isWhole, 'the day to fit')
		await page.reload()
		await page.getByTestId('desk-slot').first().waitFor()
		await waitFor(isWhole, 'the day to fit again')
		const covered = await page.getByTestId('desk-slot').evaluateAll(
			tiles =>
				tiles.filter(tile => {
					const [icon, name] = [tile.querySelector('svg'), tile.lastElementChild].map(part => part?.getBoundingClientRect())
					return (
						icon &&
						name &&
						icon.width > 0 &&
						icon.left < name.right &&
						name.left < icon.right &&
						icon.top < name.bottom &&
						name.top < icon.bottom
					)
				}).length,
		)
		expect(covered, 'names under an icon').to.equal(0)
	})

	it('shows one doctor’s week, in the address too', async () => {
		const page = await openDesk()
		await page.getByTestId('desk-week').first().click()
		await page.waitForURL(/week=\d+/)
		await waitFor(async () => (await page.getByRole('columnheader').count()) === 8, 'seven days')
		expect(await violationsOf(page)).to.deep.equal([])
	})

	it('offers no status that makes no sense before the visit', async () => {
		const page = await openDesk()
		await page.keyboard.press('PageDown')
		const visit = page.locator('[data-testid="desk-slot"][data-status="booked"]:not([data-past])')
		for (let day = 0; day < 5 && (await visit.count()) === 0; day++) {
			await page.keyboard.press('PageDown')
			await visit
				.first()
				.waitFor({ timeout: 4000 })
				.catch(() => {})
		}
		await visit.first().click()
		await page.getByTestId('desk-action-checkIn').waitFor()
		for (const action of ['noShow', 'complete']) expect(await page.getByTestId(`desk-action-${action}`).count(), action).to.equal(0)
	})
})

describe('the desk of a clinic with a thousand doctors at fifty sites', function () {
	this.timeout(120_000)
	const node = useNode()
	const browsing = useBrowser()
	const words = wordsIn('en')

	it('says that it does not show all, shows a site’s, finds one, and remembers that', async () => {
		await aLargeClinic(node.db)
		const reception = await aReceptionist(node)
		const page = await browsing.visitor(small)
		await signIn(page, node.url, reception.email, { path: '/desk', password: reception.password })
		await page.getByText(words('board.more', { count: '60' })).waitFor()
		await page.getByTestId('desk-shown').click()
		await page.getByTestId('desk-site').selectOption({ label: 'Site 007' })
		await page.waitForURL(/site=\d+/)
		await waitFor(async () => (await page.getByRole('columnheader').count()) === doctorsAtSite + 1, 'the doctors of the site')
		await page.getByTestId('desk-site').selectOption('')
		await page.getByTestId('desk-find-doctor').fill(`doctor 0${largeDoctors - 223}`)
		await page.getByText(`Doctor 0${largeDoctors - 223}, `).click()
		await page.waitForURL(/doctors=\d+/)
		await waitFor(async () => (await page.getByRole('columnheader').count()) === 2, 'the chosen doctor')
		expect(await violationsOf(page)).to.deep.equal([])
		await page.goto(`${node.url}/desk`)
		await waitFor(async () => (await page.getByRole('columnheader').count()) === 2, 'the chosen doctor again')
	})

	it('opens at now, with a line across it', async () => {
		const doctor = await aDoctor(node)
		const midnight = new Date(new Date().toISOString().slice(0, 10))
		await someSlots(node, doctor.id, { from: midnight, count: 48 })
		const reception = await aReceptionist(node)
		const page = await browsing.visitor(small)
		const path = `/desk?doctors=${doctor.id}&date=${midnight.toISOString().slice(0, 10)}`
		await signIn(page, node.url, reception.email, { path, password: reception.password })
		await page.getByTestId('desk-now').waitFor({ state: 'attached' })
		await waitFor(
			() =>
				page.evaluate(() => {
					const line = document.querySelector('[data-testid="desk-now"]') as HTMLElement
					const board = document.querySelector('[role="grid"]')?.parentElement as HTMLElement
					const [at, frame] = [line.getBoundingClientRect(), board.getBoundingClientRect()]
					return at.width > 50 && at.top > frame.top && at.top < frame.bottom
				}),
			'the line to be in sight',
		)
		expect(await violationsOf(page)).to.deep.equal([])
	})
})
