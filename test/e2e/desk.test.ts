/// <reference lib="dom" />
import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { violationsOf } from '../support/axe.ts'
import { signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { wordsIn } from '../support/words.ts'
import { atTheDesk, dayWithTimes, keyboardOf, openDesk as openDeskOf } from './at-the-desk.ts'

const focusedSlot = (page: Page) =>
	page.waitForFunction(
		() => (document.activeElement as HTMLElement | null)?.closest('[data-testid="desk-slot"]')?.getAttribute('data-state') === 'free',
	)

describe('the desk', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const openDesk = () => openDeskOf(browsing, node)

	it('books for a patient on the telephone with the keyboard alone, from an empty search box, in at most 15 key presses', async () => {
		const page = await openDesk()
		const keyboard = keyboardOf(page)
		await dayWithTimes(page)
		await page.getByTestId('desk-search').focus()
		await keyboard.type('Abebe')
		await page.getByRole('option').first().waitFor()
		await keyboard.press('Enter')
		await focusedSlot(page)
		await keyboard.press('Enter')
		await page.getByTestId('desk-confirm').waitFor()
		await keyboard.press('Enter')
		const reception = await node.db('users').where({ email: 'reception@clinic.example' }).first('id')
		const booked = () => node.db('appointments').where({ booked_by: reception.id }).whereNot('idempotency_key', 'like', 'seed-%')
		await waitFor(async () => (await booked()).length === 1, 'the appointment is in the database')
		console.log(`      a caller is booked with ${keyboard.presses} key presses besides the name`)
		expect(keyboard.presses).to.be.at.most(15)
		await page.getByTestId('desk-status-line').filter({ hasText: 'Abebe' }).waitFor()
		expect(
			await page.getByTestId('desk-search').evaluate(box => box === document.activeElement || box.contains(document.activeElement)),
		).to.equal(true)
	})

	it('downloads the data of a patient without an account, and erases it after a question', async () => {
		const [{ id }] = await node.db('patients').insert({ full_name: 'Zora Onlycalls', phone: '+49 30 5550142' }).returning('id')
		const page = await openDesk()
		const choose = async (name: string, reachedAt: string) => {
			await page.getByTestId('desk-search').fill(name)
			await page.getByRole('option').filter({ hasText: reachedAt }).click()
			await page.getByTestId('desk-caller').filter({ hasText: name }).waitFor()
		}
		const words = wordsIn('en')
		const button = (key: string, name: string) => page.getByRole('button', { name: words(key, { name }), exact: true })

		await choose('Zora Onlycalls', '+49 30 5550142')
		const [download] = await Promise.all([page.waitForEvent('download'), button('desk.data.download', 'Zora Onlycalls').click()])
		expect(await readFile(await download.path(), 'utf8')).to.include('+49 30 5550142')

		await button('desk.data.erase', 'Zora Onlycalls').click()
		const dialog = page.getByRole('dialog')
		await dialog.waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		await page.keyboard.press('Escape')
		await dialog.waitFor({ state: 'detached' })
		expect(await page.getByTestId('desk-caller').innerText(), 'Escape closes no more than the question').to.equal('Zora Onlycalls')
		await button('desk.data.erase', 'Zora Onlycalls').click()
		await page.getByTestId('desk-erase-confirm').click()
		await page
			.getByTestId('desk-status-line')
			.filter({ hasText: words('desk.data.erased', { name: 'Zora Onlycalls' }) })
			.waitFor()
		expect(await page.getByTestId('desk-caller').count()).to.equal(0)
		expect(await node.db('patients').where({ id, full_name: 'Zora Onlycalls' })).to.deep.equal([])

		const { fullName, email } = await aPatient(node, { fullName: 'Yara Withaccount' })
		await choose(fullName, email)
		expect(await button('desk.data.erase', fullName).count()).to.equal(0)
	})

	it('shows the hold of a colleague', async () => {
		const one = await openDesk()
		const other = await openDesk()
		await dayWithTimes(one)
		await dayWithTimes(other)
		const free = one.locator('[data-testid="desk-slot"][data-state="free"]')
		const id = await free.last().getAttribute('data-slot-id')
		await free.last().focus()
		await one.keyboard.press('Enter')
		await other.locator(`[data-testid="desk-slot"][data-slot-id="${id}"][data-state="held"]`).waitFor()
	})

	it('shows the state of every visit in full words, also with twelve-hour clocks', async () => {
		const page = await browsing.visitor({ ...atTheDesk, viewport: { width: 1280, height: 800 }, locale: 'en-US' })
		await signIn(page, node.url, 'reception@clinic.example', { path: '/desk' })
		const notes = page.locator('[data-testid="desk-slot"][data-status] [data-part="note"]')
		for (let day = 0; day < 5 && (await notes.count()) < 5; day++) {
			await page.keyboard.press('PageDown')
			await notes
				.first()
				.waitFor({ timeout: 5000 })
				.catch(() => {})
		}
		expect(await notes.count()).to.be.at.least(5)
		expect(await page.getByTestId('desk-slot').first().getAttribute('aria-label')).to.match(/\d (AM|PM)/)
		const cut = await notes.evaluateAll(all =>
			all.filter(note => note.scrollWidth > note.clientWidth || note.clientWidth === 0).map(note => note.textContent),
		)
		expect(cut).to.deep.equal([])
	})

	it('lists its shortcuts when ? is pressed', async () => {
		const page = await openDesk()
		await page.keyboard.press('Escape')
		await page.getByTestId('desk-slot').first().focus()
		await page.keyboard.press('?')
		await page.getByRole('dialog').waitFor()
	})
})
