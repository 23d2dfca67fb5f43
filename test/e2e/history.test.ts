/// <reference lib="dom" />
import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { waitFor } from '../support/wait.ts'
import { atTheDesk, dayWithTimes } from './at-the-desk.ts'

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)

describe('what happened, at the desk', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const open = async (path: string, who = 'reception') => {
		const page = await browsing.visitor(atTheDesk)
		await signIn(page, node.url, `${who}@clinic.example`, { path })
		return page
	}

	/** Opens the first day with free times from tomorrow on. */
	const openDesk = async () => {
		const page = await open(`/desk?date=${tomorrow()}`)
		await dayWithTimes(page)
		return page
	}

	/** Books for the first patient whose name begins so, with the keys of a telephone call. */
	async function bookFor(page: Page, name: string) {
		await page.getByTestId('desk-search').focus()
		await page.keyboard.type(name, { delay: 15 })
		await page.getByRole('option').first().waitFor()
		await page.keyboard.press('Enter')
		await page.waitForFunction(
			() => (document.activeElement as HTMLElement | null)?.closest('[data-testid="desk-slot"]')?.getAttribute('data-state') === 'free',
		)
		const slotId = await page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-slot-id]')?.dataset.slotId)
		await page.keyboard.press('Enter')
		await page.getByTestId('desk-confirm').waitFor()
		await page.keyboard.press('Enter')
		await page.getByTestId('desk-undo').waitFor()
		return slotId as string
	}

	const lastVisit = () => node.db('appointments').whereNot('idempotency_key', 'like', 'seed-%').orderBy('id', 'desc').first()

	it('takes a booking back with one key, and shows the visit struck through with who and when', async () => {
		const page = await openDesk()
		await bookFor(page, 'Abebe')
		await page.keyboard.press('Control+z')
		await page.getByTestId('desk-status-line').filter({ hasText: 'Undone' }).waitFor()
		expect((await lastVisit()).status).to.equal('cancelled')
		expect(await page.getByTestId('desk-undo').count()).to.equal(0)
		await page
			.getByTestId('vanished-toggle')
			.filter({ hasText: /: [1-9]/ })
			.waitFor()
		await page.getByTestId('vanished-toggle').click()
		const line = page.getByTestId('vanished').getByRole('listitem').filter({ hasText: 'Abebe' })
		await line.waitFor()
		expect(await line.locator('s').innerText()).to.include('Abebe')
		expect(await line.innerText()).to.match(/cancelled, .*Tom Becker/s)
	})

	it('brings a cancelled visit back, and offers it for ten seconds only', async () => {
		const page = await openDesk()
		const slotId = await bookFor(page, 'Abebe')
		await page.locator(`[data-slot-id="${slotId}"]`).click()
		await page.getByTestId('desk-panel').waitFor()
		await page.keyboard.press('x')
		await page.keyboard.press('Enter')
		await page
			.getByTestId('desk-status-line')
			.filter({ hasText: /cancelled/i })
			.waitFor()
		await page.getByTestId('desk-undo').click()
		await page.getByTestId('desk-status-line').filter({ hasText: 'Undone' }).waitFor()
		expect((await lastVisit()).status).to.equal('booked')
		await bookFor(page, 'Abebe')
		await page.getByTestId('desk-undo').waitFor({ state: 'detached', timeout: 15_000 })
	})

	it('says who held a time, and shows the history of a visit', async () => {
		const page = await openDesk()
		const slotId = await bookFor(page, 'Abebe')
		const slot = page.locator(`[data-slot-id="${slotId}"]`)
		const startsAt = new Date(Number(slotId.split('-')[1]) * 60_000)
		await waitFor(async () => (await node.db('hold_history').where({ starts_at: startsAt })).length > 0, 'the hold to be recorded')
		await slot.focus()
		await page.keyboard.press('h')
		const history = page.getByTestId('slot-history').getByRole('listitem')
		await history.filter({ hasText: 'Booked' }).first().waitFor()
		expect(await history.first().innerText()).to.match(/Held/)
		await page.keyboard.press('Escape')
		await page.getByTestId('slot-history').waitFor({ state: 'detached' })
		await slot.click()
		await page.getByTestId('visit-history-toggle').click()
		const items = page.getByTestId('history').getByRole('listitem')
		await items.filter({ hasText: 'Message' }).first().waitFor()
		expect(await items.filter({ hasText: 'Booked' }).count()).to.equal(1)
	})

	it('prints a day on paper, saves it as a table, and writes to its visits', async () => {
		const busy = await node
			.db('appointments')
			.where('starts_at', '>', new Date(Date.now() + 86_400_000))
			.where({ status: 'booked' })
			.first()
		const date = busy.starts_at.toISOString().slice(0, 10)
		const page = await open(`/desk/sheet?date=${date}`)
		await page.getByTestId('day-sheet').first().waitFor()
		await page.emulateMedia({ media: 'print' })
		expect(await page.getByRole('button', { name: 'Print' }).isVisible()).to.equal(false)
		expect(await page.locator('header').first().isVisible()).to.equal(false)
		await page.emulateMedia({ media: 'screen' })
		const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
		const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n')
		expect(lines.length - 1).to.equal(await page.locator('[data-testid="day-sheet"] tbody tr').count())
		await page.getByRole('button', { name: 'Message to these visits' }).click()
		await page.getByRole('textbox', { name: /^Message/ }).fill('Please use the side door today.')
		await page.getByRole('button', { name: 'Whom does it reach?' }).click()
		await page.getByText(/^Reaches visits: [1-9]/).waitFor()
		await page.getByRole('button', { name: /^Send to visits: [1-9]/ }).click()
		await page.getByText(/^The message is on its way/).waitFor()
		expect(await node.db('notification_queue').where({ kind: 'notice' })).not.to.deep.equal([])
	})

	it('explains the figures, and finds what was done about a patient', async () => {
		const page = await open('/admin/analytics', 'admin')
		await page.getByTestId('definitions').getByText('What do these figures mean?').click()
		await page.getByText('Nine of ten visits have less.').waitFor()
		await page.getByRole('region', { name: 'By type' }).getByRole('row').nth(1).waitFor()
		const [file] = await Promise.all([
			page.waitForEvent('download'),
			page.getByRole('button', { name: 'Export appointments (CSV)' }).click(),
		])
		expect((await readFile(await file.path(), 'utf8')).split('\r\n').length).to.be.above(10)

		const { patient_id: patientId } = await lastVisit()
		const { full_name: name } = await node.db('patients').where({ id: patientId }).first()
		await page.goto(`${node.url}/admin/audit`)
		await page.getByTestId('audit-row').first().waitFor()
		await page.getByTestId('audit-patient').fill(name)
		await page
			.getByRole('option', { name: new RegExp(name) })
			.first()
			.click()
		const row = page.getByTestId('audit-row').filter({ hasText: 'undid' }).first()
		await row.waitFor()
		await row.getByRole('button').click()
		await row.getByText('Before').waitFor()
	})
})
