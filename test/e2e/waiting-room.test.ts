/// <reference lib="dom" />
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { createLinkTokens } from '../../server/reminders/links.ts'
import { violationsOf } from '../support/axe.ts'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aDesk, aVisit, siteOf } from '../waiting-room/a-line.ts'

const wall = { ...desktop, viewport: { width: 1920, height: 1080 } }
const kiosk = { ...desktop, viewport: { width: 1080, height: 1920 } }

describe('the waiting room', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()

	let desk: Awaited<ReturnType<typeof aDesk>>
	let admin: Person
	let doctor: Person
	beforeEach(async () => {
		desk = await aDesk(node)
		admin = await anAdmin(node)
		doctor = await aDoctor(node)
	})

	/** Opens and pairs a screen, as a person does who stands before it. */
	const aScreen = async (kind: 'wall' | 'kiosk'): Promise<{ page: Page; id: string }> => {
		const siteId = await siteOf(node)
		const { body } = await call(node, 'POST', '/screens', { token: admin.token, body: { siteId, kind } })
		const page = await browsing.visitor(kind === 'wall' ? wall : kiosk)
		await page.goto(`${node.url}/${kind}`)
		await page.getByTestId('pairing-code').fill(body.code.toLowerCase())
		await page.keyboard.press('Enter')
		await page.getByTestId(kind).waitFor()
		return { page, id: body.id }
	}
	const picture = (page: Page, name: string) =>
		process.env.PICTURES ? page.screenshot({ path: `${process.env.PICTURES}/${name}.png` }) : undefined

	it('calls tickets on the wall, with their rooms and without names, and says when it is not connected', async () => {
		const { page, id } = await aScreen('wall')
		const visits = [
			await aVisit(node, doctor),
			await aVisit(node, doctor, { inMinutes: 10 }),
			await aVisit(node, doctor, { inMinutes: 20 }),
		]
		const tickets = await Promise.all(visits.map(async visit => (await desk.checkIn(visit)).body.ticket as string))
		await page.getByText(tickets[2] as string, { exact: true }).waitFor()
		await desk.call(visits[0] as { id: string }, { room: '4' })
		await page.getByTestId('wall-call').filter({ hasText: tickets[0] }).filter({ hasText: 'Room 4' }).waitFor()
		await picture(page, 'wall')
		expect(await page.innerText('body')).not.to.include(visits[0]?.patient.fullName)
		expect(await violationsOf(page)).to.deep.equal([])

		await page.context().setOffline(true)
		await page.getByTestId('wall-lost').waitFor({ timeout: 60_000 })
		await picture(page, 'wall-lost')
		await page.context().setOffline(false)
		await page.getByTestId('wall-lost').waitFor({ state: 'detached', timeout: 60_000 })

		await call(node, 'DELETE', `/screens/${id}`, { token: admin.token })
		await page.getByTestId('pairing-code').waitFor()
	})

	it('keeps the wall small and current through an hour of calls, speeded up', async () => {
		const { page } = await aScreen('wall')
		const visits = await Promise.all([0, 10, 20].map(inMinutes => aVisit(node, doctor, { inMinutes })))
		for (const visit of visits) await desk.checkIn(visit)
		const siteId = await siteOf(node)
		const profiler = await page.context().newCDPSession(page)
		await profiler.send('Performance.enable')
		const sizes = async () => {
			await profiler.send('HeapProfiler.collectGarbage')
			const { metrics } = await profiler.send('Performance.getMetrics')
			const read = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value as number
			return { nodes: read('Nodes'), listeners: read('JSEventListeners'), heap: read('JSHeapUsedSize') }
		}
		const traffic = async (calls: number) => {
			for (let turn = 0; turn < calls; turn++) {
				const id = visits[turn % visits.length]?.id as string
				await node
					.db('visit_times')
					.where('appointment_id', id)
					.update({ called_at: turn % 2 ? null : new Date(), room: `${turn % 9}` })
				await node.db('room_announcements').insert({ doctor_id: doctor.id, site_id: siteId })
				await new Promise(resolve => setTimeout(resolve, 10))
			}
			const last = visits[0] as { id: string }
			await node
				.db('visit_times')
				.where('appointment_id', last.id)
				.update({ called_at: new Date(), room: `end ${calls}` })
			await node.db('room_announcements').insert({ doctor_id: doctor.id, site_id: siteId })
			await page
				.getByTestId('wall-call')
				.filter({ hasText: `end ${calls}` })
				.waitFor()
		}
		await traffic(50)
		const before = await sizes()
		await traffic(400)
		const after = await sizes()
		expect(after.nodes).to.be.below(before.nodes + 100)
		expect(after.listeners).to.be.below(before.listeners + 20)
		expect(after.heap).to.be.below(before.heap * 1.5)
	})

	it('checks a patient in at the kiosk by birth date and name, in the patient’s language, and forgets what was typed', async () => {
		const { page } = await aScreen('kiosk')
		const visit = await aVisit(node, doctor, { inMinutes: 10 })
		await node.db('patients').where('id', visit.patient.id).update({ full_name: 'Zoë Vandermeer', birth_date: '1971-02-03' })
		await picture(page, 'kiosk-welcome')
		expect(await violationsOf(page)).to.deep.equal([])
		await page.getByRole('button', { name: 'Deutsch' }).click()
		await page.getByTestId('kiosk-start').click()
		await page.getByLabel('Tag').fill('3')
		await page.getByLabel('Monat').fill('2')
		await page.getByLabel('Jahr').fill('1971')
		await page.getByLabel('Ihr Name').fill('vanderm')
		await picture(page, 'kiosk-form')
		expect(await violationsOf(page)).to.deep.equal([])
		await page.setViewportSize({ width: 1280, height: 800 })
		await picture(page, 'kiosk-form-wide')
		await page.keyboard.press('Enter')
		const ticket = await page.getByTestId('kiosk-ticket').innerText()
		await picture(page, 'kiosk-done')
		expect((await desk.line(doctor.id))[0]).to.include({ ticket, appointmentId: visit.id })
		await page.getByRole('button', { name: 'Von vorn' }).click()
		await page.getByTestId('kiosk-start').click()
		expect(await page.locator('input').evaluateAll(inputs => inputs.map(input => (input as HTMLInputElement).value).join(''))).to.equal('')
	})

	it('shows patients their place by the link of the message, from “I am here” until they are called', async () => {
		const visit = await aVisit(node, doctor, { inMinutes: 20 })
		const link = createLinkTokens(node.config.jwtSecret).make(
			{ may: 'act on visit', appointmentId: visit.id, patientId: visit.patient.id },
			visit.startsAt.getTime() + 300_000,
		)
		const page = await browsing.visitor(phone)
		await page.goto(`${node.url}/n/${link}`)
		await page.getByRole('link', { name: 'I am here' }).click()
		await page.getByTestId('check-in').click()
		await page.getByTestId('place-ticket').waitFor()
		await page.getByTestId('place-wait').waitFor()
		await picture(page, 'place')
		expect(await violationsOf(page)).to.deep.equal([])
		await desk.call(visit, { room: '7' })
		await waitFor(async () => (await page.getByTestId('place-status').innerText()).includes('room 7'), 'the call')
		expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).to.equal(true)
	})

	it('lets the desk call, start and end with one key each', async () => {
		const visits = [await aVisit(node, doctor), await aVisit(node, doctor, { inMinutes: 10 })]
		for (const visit of visits) await desk.checkIn(visit)
		const page = await browsing.visitor(desktop)
		await signIn(page, node.url, 'reception@clinic.example', { path: '/desk' })
		await page.getByTestId('desk-line').waitFor()
		await page.keyboard.press('F2')
		const panel = page.getByTestId('line-panel')
		const site = panel.getByRole('combobox')
		if (await site.count()) await site.selectOption(await siteOf(node))
		const mine = panel.getByTestId('line-entry').filter({ hasText: visits[0]?.patient.fullName })
		await mine.locator('button').first().click()
		await picture(page, 'desk-line')
		expect(await violationsOf(page)).to.deep.equal([])
		for (const [key, status] of [
			['c', 'called'],
			['b', 'waiting'],
			['o', 'out'],
			['b', 'waiting'],
			['s', 'in_progress'],
		]) {
			await page.keyboard.press(key as string)
			await waitFor(async () => (await mine.getAttribute('data-status')) === status, `${key} makes it ${status}`)
		}
		await page.keyboard.press('d')
		await mine.waitFor({ state: 'detached' })
	})

	it('lets an admin add and remove screens, and print the code for the door', async () => {
		const page = await browsing.visitor(desktop)
		await signIn(page, node.url, 'admin@clinic.example', { path: '/admin/screens' })
		await page.getByTestId('add-screen').click()
		expect(await page.getByTestId('screen-code').innerText()).to.match(/^\w{4}-\w{4}$/)
		await picture(page, 'screens')
		expect(await violationsOf(page)).to.deep.equal([])
		const before = await page.getByTestId('screen').count()
		await page.getByTestId('remove-screen').first().click()
		await waitFor(async () => (await page.getByTestId('screen').count()) === before - 1, 'one screen less')
		await page.goto(`${node.url}/admin/screens/door/${await siteOf(node)}`)
		await page.getByTestId('door').waitFor()
		await picture(page, 'door')
		expect(await violationsOf(page)).to.deep.equal([])
	})
})
