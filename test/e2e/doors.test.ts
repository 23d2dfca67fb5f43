/// <reference lib="dom" />
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { violationsOf } from '../support/axe.ts'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { anAdmin, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

describe('the doors for other programs', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()

	it('are opened by an admin: keys, webhooks with their deliveries, websites', async () => {
		const page = await browsing.visitor(desktop)
		await signIn(page, node.url, 'admin@clinic.example', { path: '/admin/connections' })
		await page.getByTestId('key-name').fill('Website')
		await page.getByTestId('make-key').click()
		expect(await page.getByTestId('secret').innerText()).to.match(/^lsk_/)
		await page.getByTestId('api-key').getByText('Website').waitFor()

		await page.getByTestId('hook-url').fill('https://127.0.0.1/hook')
		await page.getByTestId('make-hook').click()
		await page.getByText('public internet').waitFor()
		await page.getByTestId('hook-url').fill('https://hooks.example/liveslot')
		await page.getByTestId('make-hook').click()
		await page.getByTestId('webhook').waitFor()
		const { id } = await node.db('webhook_endpoints').first('id')
		await node
			.db('webhook_deliveries')
			.insert({ endpoint_id: id, event: 'appointment.booked', subject: 'appointment:1', payload: {}, status: 'failed', answer_code: 500 })
		await page.getByTestId('show-deliveries').click()
		await page.getByTestId('replay').click()
		await page.locator('[data-testid=delivery][data-status=due]').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])

		await page.getByTestId('embed-origins').fill('https://www.clinic.example')
		await page.getByTestId('save-origins').click()
		const named = async () => (await node.db('clinic').first('embed_origins')).embed_origins
		await waitFor(async () => (await named()).join() === 'https://www.clinic.example', 'the websites to be saved')
		await node.db('webhook_endpoints').delete()
	})
})

describe('the booking page on a clinic’s own website', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()
	let website: Server
	let origin: string

	before(async () => {
		website = createServer((_req, res) =>
			res
				.setHeader('content-type', 'text/html')
				.end(
					`<!doctype html><html lang="en"><title>Clinic</title><main><h1>Clinic</h1><script src="${node.url}/embed.js" data-language="en"></script></main>`,
				),
		)
		await new Promise<void>(resolve => website.listen(0, '127.0.0.1', resolve))
		origin = `http://127.0.0.1:${(website.address() as AddressInfo).port}`
	})
	after(() => new Promise<void>(resolve => void website.close(() => resolve())))

	const allow = async (origins: string[]) => {
		const { token } = await anAdmin(node)
		return (await call(node, 'PUT', '/admin/embed', { token, body: { origins } })).status
	}

	it('goes from any doctor to booked, as high as its content', async () => {
		expect(await allow([origin])).to.equal(200)
		const patient = await aPatient(node)
		const page = await browsing.visitor(phone)
		await page.goto(origin)
		const frame = page.frameLocator('iframe')
		await frame.getByTestId('embed-time').first().click()
		const chosen = await frame.getByTestId('embed-chosen').innerText()
		const heightOf = async () => (await page.locator('iframe').boundingBox())?.height ?? 0
		await frame.getByLabel('E-mail').fill(patient.email)
		await frame.locator('input[type=password]').fill(patient.password)
		await frame.locator('form button[type=submit]').click()
		await frame.getByTestId('embed-book').waitFor()
		const inner = page.frames().find(each => each.url().includes('/embed'))
		const content = () => inner?.evaluate(() => document.documentElement.getBoundingClientRect().height) as Promise<number>
		expect(await violationsOf(page)).to.deep.equal([])
		await frame.getByTestId('embed-book').click()
		await frame.getByTestId('embed-booked').waitFor()
		if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/embed.png` })
		const [visit] = await node.db('appointments').where({ patient_id: patient.id })
		expect(visit?.status).to.equal('booked')
		expect(chosen).to.include('·')
		expect(await heightOf()).to.be.at.least(Math.floor(await content()))
	})

	it('is shown by no website that the admin has not named', async () => {
		for (const origins of [[], ['https://elsewhere.example']]) {
			await allow(origins)
			const { headers } = await fetch(`${node.url}/embed`, { headers: { accept: 'text/html' } })
			expect(headers.get('content-security-policy')).to.include(`frame-ancestors ${origins[0] ?? "'none'"}`)
			const page = await browsing.visitor(desktop)
			await page.goto(origin)
			await page.waitForTimeout(1000)
			expect(await page.frameLocator('iframe').getByTestId('embed-type').count()).to.equal(0)
		}
		const { headers } = await fetch(`${node.url}/`, { headers: { accept: 'text/html' } })
		expect(headers.get('content-security-policy')).to.include("frame-ancestors 'none'")
	})

	it('takes only origins as websites', async () => {
		for (const wrong of ['https://a.example/path', '*', "'self'", 'https://a.example; script-src *', 'javascript:1', 'https://*.example'])
			expect(await allow([wrong]), wrong).to.equal(400)
	})
})
