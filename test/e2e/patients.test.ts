/// <reference lib="dom" />
import { expect } from 'chai'
import type { Locator, Page } from 'playwright-core'
import { violationsOf } from '../support/axe.ts'
import { desktop, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { waitFor } from '../support/wait.ts'
import { dayWithTimes, openDesk as openDeskOf } from './at-the-desk.ts'

describe('patients at the desk', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const openDesk = () => openDeskOf(browsing, node)
	const choose = async (page: Page, typed: string, name: string) => {
		await page.getByTestId('desk-search').fill(typed)
		await page.locator('[role=option]:not([value="new-caller"])').filter({ hasText: name }).filter({ visible: true }).first().click()
		await page.getByTestId('desk-caller').filter({ hasText: name }).waitFor()
	}
	const aFile = async (values: Record<string, unknown>): Promise<string> => {
		const [{ id }] = await node.db('patients').insert(values).returning('id')
		return String(id)
	}

	it('are found in whatever way they are said, and their card is read, corrected in place and kept', async () => {
		const id = await aFile({ full_name: 'Jürgen Großmüller', phone: '+49 30 5550199', birth_date: '1980-03-12' })
		const page = await openDesk()
		for (const typed of ['grossmueller jurgen', '030 5550199', '12.3.1980', 'Grosmüller, Jürgne'])
			await choose(page, typed, 'Jürgen Großmüller')
		const strip = page.getByTestId('patient-strip')
		await strip.getByText('No visit to come').waitFor()
		await dayWithTimes(page)
		await page.locator('[data-testid="desk-slot"][data-state="free"]').first().focus()
		await page.keyboard.press('p')
		const card = page.getByRole('dialog', { name: 'Jürgen Großmüller' })
		await card.getByTestId('patient-edit').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		await page.keyboard.press('Enter')
		await card.getByTestId('patient-notes').fill('Needs the ramp')
		await card.getByRole('combobox', { name: 'Tags' }).fill('wheelchair')
		await page.keyboard.press('Enter')
		await card.getByRole('switch').click()
		expect(await violationsOf(page)).to.deep.equal([])
		await card.getByTestId('patient-save').click()
		await card.getByTestId('patient-changed').waitFor()
		const row = await node.db('patients').where({ id }).first('notes', 'tags', 'may_book_online')
		expect(row).to.deep.equal({ notes: 'Needs the ramp', tags: ['wheelchair'], may_book_online: false })
		await page.keyboard.press('Escape')
		await card.waitFor({ state: 'detached' })
		await strip.getByText('Must call to book').waitFor()
		await strip.getByText('wheelchair').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		expect(browsing.complaints).to.deep.equal([])
	})

	it('have their visits on the card: one opens beside its time, and moves', async () => {
		const page = await openDesk()
		await dayWithTimes(page)
		const visit = await node
			.db('appointments as a')
			.join('patients as p', 'p.id', 'a.patient_id')
			.where('a.status', 'booked')
			.where('a.kind', 'slot')
			.where('a.starts_at', '>', new Date(Date.now() + 86_400_000))
			.orderBy('a.starts_at')
			.first('p.full_name', 'a.id')
		await choose(page, visit.full_name, visit.full_name)
		await page.getByTestId('patient-card-open').click()
		const open = page.getByTestId('patient-next').getByTestId('patient-open-visit').first()
		await open.focus()
		await page.keyboard.press('Enter')
		await page.getByTestId('desk-panel').getByText('booked', { exact: true }).first().waitFor()
		await page.getByTestId('desk-panel-patient').click()
		await page
			.getByTestId('patient-next')
			.getByRole('button', { name: /^Move: / })
			.first()
			.click()
		await page.getByText('Moving').first().waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('are not filed twice without a warning, and a new caller needs name, phone and four keys', async () => {
		await aFile({ full_name: 'Zita Doppel', phone: '+49 30 5550177' })
		const page = await openDesk()
		const typeCaller = async (name: string, phone: string) => {
			await page.getByTestId('desk-search').fill(name)
			await page.getByRole('option', { name: /New caller/ }).click()
			await page.getByTestId('desk-caller-phone').fill(phone)
			await page.keyboard.press('Enter')
		}
		await typeCaller('Zita DOPPEL', '0049 30 5550177')
		// The one on file is the first match, unless the new caller is chosen.
		await page.getByTestId('desk-duplicates').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		await page.keyboard.press('Enter')
		await page.getByTestId('desk-caller').filter({ hasText: 'Zita Doppel' }).waitFor()
		expect(await node.db('patients').whereILike('full_name', 'zita doppel')).to.have.lengthOf(1)
		await page
			.getByRole('button', { name: 'Stop: Zita Doppel' })
			.or(page.getByRole('button', { name: /Zita Doppel/ }).last())
			.click()

		await dayWithTimes(page)
		await page.getByTestId('desk-search').focus()
		await page.keyboard.type('Quirin Neu', { delay: 15 })
		await page.getByRole('option', { name: /New caller/ }).waitFor()
		let presses = 0
		const press = async (key: string) => {
			presses++
			await page.keyboard.press(key)
		}
		await press('Enter')
		await page.getByTestId('desk-caller-phone').waitFor()
		await page.keyboard.type('030 5550166', { delay: 15 })
		await press('Enter')
		await page.waitForFunction(() => document.activeElement?.closest('[data-testid="desk-slot"]')?.getAttribute('data-state') === 'free')
		await press('Enter')
		await page.getByTestId('desk-confirm').waitFor()
		await press('Enter')
		const booked = () => node.db('appointments as a').join('patients as p', 'p.id', 'a.patient_id').where('p.full_name', 'Quirin Neu')
		await waitFor(async () => (await booked()).length === 1, 'the new caller is booked')
		expect(presses).to.equal(4)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('become one from two, and two again', async () => {
		const id = await aFile({ full_name: 'Wilma Zwei', phone: '+49 30 5550188' })
		await aFile({ full_name: 'Wilma Zwei-Alt', phone: '+49 30 5550189', notes: 'From the old file' })
		const page = await openDesk()
		await choose(page, '5550188', 'Wilma Zwei')
		await page.getByTestId('patient-card-open').click()
		const card = page.getByTestId('patient-card')
		await card.getByTestId('patient-merge').click()
		await card.getByTestId('patient-merge-other').filter({ hasText: 'Zwei-Alt' }).click()
		await card.getByTestId('patient-merge-confirm').click()
		await card.getByText('From the old file').waitFor()
		expect(await violationsOf(page)).to.deep.equal([])
		expect(await node.db('patients').whereILike('full_name', 'wilma zwei%')).to.have.lengthOf(1)
		await card.getByTestId('patient-merge-undo').click()
		await card.getByText('From the old file').waitFor({ state: 'detached' })
		expect((await node.db('patients').whereILike('full_name', 'wilma zwei%').orderBy('id')).map(row => row.notes)).to.deep.equal([
			null,
			'From the old file',
		])
		expect((await node.db('patients').where({ id }).first()).full_name).to.equal('Wilma Zwei')
		expect(browsing.complaints).to.deep.equal([])
	})

	describe('before the doctor', () => {
		const tokenOf = async (email: string) =>
			(await call(node, 'POST', '/auth/login', { body: { email, password: 'demo-clinic-2026' } })).body.accessToken as string

		/** A day with a visit of the doctor that the demo booked. */
		const aVisit = async () => {
			const { id: doctorId } = await doctorNamed(node, 'Lindner')
			const visit = await node
				.db('appointments as a')
				.join('patients as p', 'p.id', 'a.patient_id')
				.where({ 'a.doctor_id': doctorId, 'a.status': 'booked' })
				.where('a.starts_at', '>', new Date(Date.now() + 86_400_000))
				.orderBy('a.starts_at')
				.first('a.id', 'a.starts_at', 'p.full_name', 'p.id as patient_id')
			return { ...visit, doctorId, date: new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(visit.starts_at) }
		}
		const openDay = async (date: string) => {
			const page = await browsing.visitor(desktop)
			await signIn(page, node.url, 'doctor@clinic.example', { path: `/day?date=${date}` })
			await page.getByTestId('day-appointment').first().waitFor()
			return page
		}

		it('have a card with their visits here, and get a follow-up in six weeks with four clicks', async () => {
			const visit = await aVisit()
			await node.db('patients').where({ id: visit.patient_id }).update({ birth_date: '1980-03-12', phone: '+49 30 5550155' })
			const page = await openDay(visit.date)
			const row = page.locator(`[data-appointment-id="${visit.id}"]`)
			let clicks = 0
			const click = async (target: Locator) => {
				clicks++
				await target.click()
			}
			const began = performance.now()
			await click(row.getByTestId('day-patient-toggle'))
			await row.getByText('+49 30 5550155').waitFor()
			await click(row.getByTestId('day-follow-up'))
			await click(row.getByRole('button', { name: 'in 6 weeks' }))
			await row.getByTestId('follow-up-time').first().waitFor()
			expect(await violationsOf(page)).to.deep.equal([])
			await click(row.getByTestId('follow-up-time').first())
			await row.getByTestId('follow-up-booked').waitFor()
			console.log(
				`      a follow-up is booked with ${clicks} clicks, in ${Math.round((performance.now() - began) / 100) / 10} s by a machine`,
			)
			expect(clicks).to.equal(4)
			const booked = await node.db('appointments').where({ patient_id: visit.patient_id, booked_by: visit.doctorId }).first()
			const weeks = (booked.starts_at.getTime() - Date.now()) / (7 * 86_400_000)
			expect(weeks).to.be.within(5, 7)
			expect(String(booked.doctor_id)).to.equal(visit.doctorId)
			expect(browsing.complaints).to.deep.equal([])
		})

		it('are booked, moved and cancelled in a list of changes that is there after a reload, too', async () => {
			const visit = await aVisit()
			const page = await openDay(visit.date)
			const token = await tokenOf('reception@clinic.example')
			await call(node, 'POST', `/appointments/${visit.id}/cancel`, { token, body: { reason: 'Has the flu' } })
			const change = page.getByTestId('day-changes').locator('li[data-what="cancelled"]').filter({ hasText: visit.full_name })
			await page.getByTestId('day-changes-toggle').click()
			await change.getByText('Has the flu').waitFor()
			await page.reload()
			await page.getByTestId('day-changes-toggle').click()
			await change.first().waitFor()
			expect(await violationsOf(page)).to.deep.equal([])
			expect(browsing.complaints).to.deep.equal([])
		})
	})
})
