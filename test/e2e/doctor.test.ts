import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import type { Slot } from '../../contract/index.ts'
import { desktop, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'

const dayMs = 86_400_000
const berlin = (instant: string | number, options: Intl.DateTimeFormatOptions) =>
	new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', ...options }).format(new Date(instant))
const dateOf = (instant: string | number) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(new Date(instant))
const longDay = (instant: string | number) => berlin(instant, { weekday: 'long', day: 'numeric', month: 'long' })

describe('a doctor', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })
	let doctorId: string

	const tokenOf = async (email: string) =>
		(await call(node, 'POST', '/auth/login', { body: { email, password: 'demo-clinic-2026' } })).body.accessToken as string

	/** Slots of the doctor that are free, on the first day from so many days ahead that has some. */
	const freeSlots = async (daysAhead: number): Promise<Slot[]> => {
		const [from, to] = [dateOf(Date.now() + daysAhead * dayMs), dateOf(Date.now() + (daysAhead + 6) * dayMs)]
		const { body } = await call(node, 'GET', `/doctors/${doctorId}/slots?from=${from}&to=${to}`)
		const free = (body.slots as Slot[]).filter(({ state }) => state === 'free')
		return free.filter(({ startsAt }) => dateOf(startsAt) === dateOf((free[0] as Slot).startsAt))
	}
	const bookAs = async (email: string, slot: Slot | undefined) => {
		const options = { token: await tokenOf(email), key: randomUUID(), body: { slotId: slot?.id, reason: 'Sore throat' } }
		const { status, body } = await call(node, 'POST', '/appointments', options)
		expect(status).to.equal(201)
		return body
	}
	const openAsDoctor = async (path: string) => {
		const page = await browsing.visitor(desktop)
		await signIn(page, node.url, 'doctor@clinic.example', { path })
		return page
	}
	const row = (page: Page, slot: Slot | undefined) =>
		page
			.getByRole('list', { name: 'Appointments of the day' })
			.getByRole('listitem')
			.filter({ hasText: berlin(slot?.startsAt as string, { hour: '2-digit', minute: '2-digit' }) })
			.filter({ hasText: 'Sore throat' })

	before(async () => {
		doctorId = (await doctorNamed(node, 'Lindner')).id
	})

	it('sees a new appointment without reloading, and takes it from check-in to its end', async () => {
		const [slot] = await freeSlots(7)
		const doctor = await openAsDoctor(`/day?date=${dateOf(slot?.startsAt as string)}`)
		await doctor.getByText(/free slots: \d+/).waitFor()
		await bookAs('patient6@clinic.example', slot)
		await row(doctor, slot).waitFor()
		const notice = doctor.getByText(/^New appointment: .+/).filter({ visible: true })
		await notice.first().waitFor()

		const appointment = row(doctor, slot)
		await appointment.getByText('booked', { exact: true }).waitFor()
		await appointment.getByRole('button', { name: /^Check in: / }).click()
		await appointment.getByText('checked in', { exact: true }).waitFor()
		await appointment.getByRole('button', { name: /^Start: / }).click()
		await appointment.getByText('in progress', { exact: true }).waitFor()
		await appointment.getByRole('button', { name: /^Complete: / }).click()
		await appointment.getByText('completed', { exact: true }).waitFor()

		await doctor.getByText('Week', { exact: true }).click()
		const week = doctor.getByRole('region', { name: 'Appointments of the week' })
		await week
			.getByRole('button', { name: /completed/ })
			.first()
			.click()
		await row(doctor, slot).getByText('completed', { exact: true }).waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('previews other weekly hours before saving them, and sees which visits they would leave outside', async () => {
		const slots = await freeSlots(14)
		const first = slots[0] as Slot
		await bookAs('patient7@clinic.example', first)
		const weekday = berlin(first.startsAt, { weekday: 'long' })
		const doctor = await openAsDoctor('/hours')
		await doctor
			.getByRole('button', { name: /^Change: / })
			.first()
			.click()
		const day = doctor.getByRole('group', { name: weekday, exact: true })
		await day.getByLabel(`${weekday}, hours 1, from`).fill('10:00')
		await day.getByRole('button', { name: 'Add hours' }).click()
		await doctor.getByRole('button', { name: 'Preview' }).click()
		await doctor.getByText('Please correct the marked fields.').waitFor()
		await day.getByLabel(`${weekday}, hours 3, from`).fill('18:00')
		await day.getByLabel(`${weekday}, hours 3, to`).fill('19:00')
		await doctor.getByRole('button', { name: 'Preview' }).click()

		const preview = doctor.getByRole('region', { name: 'What would change' })
		await preview.getByText(/^New slots: [1-9]/).waitFor()
		await preview.getByText(/^Slots that go: [1-9]/).waitFor()
		await preview.getByText(/^Appointments in conflict: [1-9]/).waitFor()
		await preview.getByRole('listitem').filter({ hasText: '08:00' }).getByRole('link').first().waitFor()
		expect((await freeSlots(14)).length, 'nothing is changed by looking').to.equal(slots.length - 1)

		await doctor.getByRole('button', { name: 'Save these hours' }).click()
		await doctor.getByTestId('hours-saved').getByText('Saved.').waitFor()
		const times = (await freeSlots(14)).map(({ startsAt }) => berlin(startsAt, { hour: '2-digit', minute: '2-digit' }))
		expect(times).to.include('18:00').and.not.include('09:30')
		expect(browsing.complaints).to.deep.equal([])
	})

	it('takes a day off, sees which slots it closes, and takes it back', async () => {
		const slots = await freeSlots(21)
		const at = (slots[0] as Slot).startsAt
		await bookAs('patient8@clinic.example', slots[1])
		const doctor = await openAsDoctor('/hours')
		const choose = async (label: string, time: string) => {
			await doctor.getByRole('button', { name: new RegExp(`^${label}`) }).click()
			const picker = doctor.getByRole('dialog', { name: label })
			const month = berlin(Date.now(), { month: 'long', year: 'numeric' })
			if (month !== berlin(at, { month: 'long', year: 'numeric' })) {
				await picker.getByRole('button', { name: 'Next month' }).waitFor()
				const shown = picker.getByText(month)
				if (await shown.isVisible()) await picker.getByRole('button', { name: 'Next month' }).click()
			}
			await picker.getByRole('button', { name: berlin(at, { day: 'numeric', month: 'long', year: 'numeric' }) }).click()
			const [hours, minutes] = time.split(':') as [string, string]
			await picker.getByLabel('Hours').fill(hours)
			await picker.getByLabel('Minutes').fill(minutes)
			await picker.getByRole('button', { name: 'Done' }).click()
		}
		await choose('From', '00:00')
		await choose('To', '23:59')
		await doctor.getByText(`Free slots that close: ${slots.length - 1}`).waitFor()
		await doctor.getByText('Appointments in conflict: 1').waitFor()
		const visit = doctor.getByTestId('time-off-preview').getByRole('link')
		expect(await visit.getAttribute('href')).to.equal(`/day?date=${dateOf(at)}`)
		await doctor.getByLabel('Reason (optional)').fill('A conference')
		await doctor.getByRole('button', { name: 'Add time off' }).click()
		await doctor.getByText('Time off added.').waitFor()
		const entry = doctor.getByRole('list', { name: 'Time off' }).getByRole('listitem').filter({ hasText: 'A conference' })
		await entry.waitFor()
		expect((await freeSlots(21)).every(({ startsAt }) => longDay(startsAt) !== longDay(at))).to.equal(true)

		await entry.getByRole('button', { name: /^Remove time off: / }).click()
		await entry.waitFor({ state: 'detached' })
		expect((await freeSlots(21)).map(({ id }) => id)).to.deep.equal(slots.filter(slot => slot !== slots[1]).map(({ id }) => id))
		expect(browsing.complaints).to.deep.equal([])
	})
})
