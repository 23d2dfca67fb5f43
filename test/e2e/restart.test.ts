/// <reference lib="dom" />
import { expect } from 'chai'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { freePort } from '../../server/platform/embedded/process.ts'
import { signIn, useBrowser } from '../support/browser.ts'
import { demoTemplate, doctorNamed } from '../support/demo-node.ts'
import { type ProcessNode, startProcessNode } from '../support/processes.ts'
import { freshStores } from '../support/servers.ts'

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

describe('a page whose server is restarted', function () {
	this.timeout(120_000)
	const browsing = useBrowser()
	let node: ProcessNode | undefined
	let db: Db
	let stores: Awaited<ReturnType<typeof freshStores>>
	let port: string

	before(async () => {
		stores = await freshStores(await demoTemplate())
		port = String(await freePort())
		db = createDatabase({ url: stores.databaseUrl, poolSize: 2 })
		node = await startProcessNode(stores, { PORT: port })
	})
	after(async () => {
		await node?.stop()
		await db.destroy()
		await stores.drop()
	})

	it('says that the connection is lost, offers no slot meanwhile, and then shows what has changed', async () => {
		const running = node as ProcessNode
		const page = await browsing.visitor()
		const { id } = await doctorNamed(running, 'Lindner')
		await page.goto(`${running.url}/doctors/${id}?date=${dateAhead(7)}`)
		const free = page.locator('[data-testid="slot"][data-state="free"]')
		await free.first().waitFor()
		const slotId = (await free.first().getAttribute('data-slot-id')) as string

		await running.stop('SIGKILL')
		await page.getByTestId('connection-lost').waitFor()
		const tappable = await page
			.locator('[data-testid="slot"]')
			.evaluateAll(
				slots => slots.filter(slot => !(slot as HTMLButtonElement).disabled && slot.getAttribute('aria-disabled') !== 'true').length,
			)
		expect(tappable, 'slots that could be tapped').to.equal(0)
		expect(await page.getByRole('main').innerText()).not.to.match(/fetch|websocket|Error:/i)

		// While no server runs, the slot is closed: the page must not show it as free when it is back.
		const [, minute] = slotId.split('-')
		await db('appointment_slots')
			.where({ doctor_id: id, starts_at: new Date(Number(minute) * 60_000) })
			.update({ is_blocked: true })
		node = await startProcessNode(stores, { PORT: port })
		await page.getByTestId('connection-lost').waitFor({ state: 'detached' })
		await page.waitForFunction(
			wanted => document.querySelector(`[data-testid="slot"][data-slot-id="${wanted}"]`)?.getAttribute('data-state') !== 'free',
			slotId,
			{ polling: 100 },
		)
		await page.locator('[data-testid="slot"][data-state="free"]:not([disabled])').first().waitFor()
	})

	it('books a held slot once when the server is killed before the booking, also when the button is tapped twice', async () => {
		const running = node as ProcessNode
		const page = await browsing.visitor()
		await signIn(page, running.url, 'patient8@clinic.example')
		const { id } = await doctorNamed(running, 'Lindner')
		await page.goto(`${running.url}/doctors/${id}?date=${dateAhead(7)}`)
		await page.locator('[data-testid="slot"][data-state="free"]').nth(2).click()
		await page.getByTestId('countdown').waitFor()
		const book = page.getByTestId('confirm-panel').getByRole('button', { name: 'Book appointment' })

		await running.stop('SIGKILL')
		await book.dblclick()
		await page.getByTestId('connection-lost').waitFor()
		node = await startProcessNode(stores, { PORT: port })
		const booked = page.getByTestId('booked')
		await booked.waitFor({ timeout: 60_000 })
		const { id: patientId } = await db('users').where({ email: 'patient8@clinic.example' }).first('id')
		const visits = await db('appointments').where({ booked_by: patientId }).whereNot('idempotency_key', 'like', 'seed-%')
		expect(visits.map(visit => String(visit.id))).to.deep.equal([await booked.getAttribute('data-appointment-id')])
	})
})
