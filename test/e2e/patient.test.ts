import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import ICAL from 'ical.js'
import type { Page } from 'playwright-core'
import { phone, signIn, useBrowser } from '../support/browser.ts'
import { chooseFreeDay, freeTimes, slotAt, timeOf } from '../support/calendar-page.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { isTopology } from '../support/topology.ts'
import { waitFor } from '../support/wait.ts'

const visitCards = (page: Page) => page.getByRole('list', { name: 'Upcoming' }).getByRole('listitem')

/** The one event of the file that a button hands over. */
const calendarEvent = async (page: Page, button: ReturnType<Page['getByRole']>) => {
	const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
	expect(download.suggestedFilename()).to.match(/\.ics$/)
	const calendar = new ICAL.Component(ICAL.parse(await readFile(await download.path(), 'utf8')))
	const events = calendar.getAllSubcomponents('vevent').map(event => new ICAL.Event(event))
	expect(events).to.have.length(1)
	return events[0] as ICAL.Event
}

describe('a patient on a phone', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	const openDoctor = async (page: Page, search: string, name: string) => {
		await page.getByLabel('Search by name or specialty').fill(search)
		await page.getByRole('link', { name, exact: true }).click()
		await page.getByRole('heading', { level: 1, name }).waitFor()
	}
	const appointmentOf = async (email: string, status = 'booked') =>
		await node
			.db('appointments')
			.join('patients', 'patients.id', 'appointments.patient_id')
			.where({ 'patients.email': email, 'appointments.status': status })
			.where('starts_at', '>', new Date())
			.orderBy('starts_at')
			.first('appointments.*')

	/** Another person who looks at the day that a page shows. */
	const aWatcherOf = async (page: Page) => {
		const watcher = await browsing.visitor(phone)
		const { origin, pathname, searchParams } = new URL(page.url())
		await watcher.goto(`${origin}${pathname}?date=${searchParams.get('date')}`)
		return watcher
	}

	it('finds a doctor, registers on the way, books a visit, downloads it for a calendar, moves it and cancels it', async () => {
		const patient = await browsing.visitor(phone)
		await patient.goto(node.url)
		await patient.getByLabel('Search by name or specialty').fill('cardio')
		await patient.getByRole('link', { name: 'Dr. Marcus Okafor', exact: true }).waitFor()
		await patient.getByRole('link', { name: 'Dr. Anna Lindner', exact: true }).waitFor({ state: 'detached' })
		await openDoctor(patient, 'lindner', 'Dr. Anna Lindner')
		await chooseFreeDay(patient)
		const time = await timeOf(patient)
		const watcher = await aWatcherOf(patient)
		await slotAt(patient, time, 'free').click()

		const panel = patient.getByRole('dialog')
		await panel.getByRole('heading', { name: 'Sign in to book this time' }).waitFor()
		await panel.getByRole('button', { name: 'Use a password' }).click()
		await panel.getByRole('button', { name: 'Create an account' }).click()
		await panel.getByLabel('Full name').fill('Grace Hopper')
		await panel.getByLabel('E-mail address').fill('grace@example.com')
		await panel.getByLabel('Phone').fill('+49 30 1234567')
		await panel.getByLabel('Password', { exact: true }).fill('a compiler in 1952')
		await panel.getByRole('button', { name: 'Create an account' }).click()

		await panel.getByRole('heading', { name: 'Confirm your appointment' }).waitFor()
		await panel.getByText(/Held for you: [12]:\d\d/).waitFor()
		await slotAt(watcher, time, 'held').waitFor()
		await panel.getByLabel('Reason for your visit').fill('A moth in the relay')
		await panel.getByRole('button', { name: 'Book appointment' }).click()
		await panel.getByRole('heading', { name: 'Your appointment is booked' }).waitFor()
		await slotAt(watcher, time, 'taken').waitFor()

		await panel.getByRole('link', { name: 'My appointments' }).click()
		await visitCards(patient).filter({ hasText: 'Dr. Anna Lindner' }).filter({ hasText: time }).waitFor()
		expect(await visitCards(patient).count()).to.equal(1)
		expect(await visitCards(patient).innerText()).to.contain('A moth in the relay')

		const booked = await appointmentOf('grace@example.com')
		const event = await calendarEvent(patient, patient.getByRole('button', { name: /^Add to calendar: Dr\. Anna Lindner/ }))
		expect(event.startDate.toJSDate().toISOString()).to.equal(booked.starts_at.toISOString())
		expect(event.endDate.toJSDate().toISOString()).to.equal(booked.ends_at.toISOString())
		expect(event.summary).to.contain('Dr. Anna Lindner')

		await patient.getByRole('link', { name: /^Move: Dr\. Anna Lindner/ }).click()
		await patient.getByText('Choose a new time').waitFor()
		await chooseFreeDay(patient, 1)
		const newTime = await timeOf(patient, 1)
		const newWatcher = await aWatcherOf(patient)
		await slotAt(patient, newTime, 'free').click()
		await panel.getByRole('heading', { name: 'Confirm the new time' }).waitFor()
		await panel.getByText(/Until now: .*Dr\. Anna Lindner/).waitFor()
		await panel.getByRole('button', { name: 'Move appointment' }).click()
		await panel.getByRole('heading', { name: 'Your appointment is booked' }).waitFor()
		await slotAt(watcher, time, 'free').waitFor()
		await slotAt(newWatcher, newTime, 'taken').waitFor()
		await panel.getByRole('link', { name: 'My appointments' }).click()
		await visitCards(patient).filter({ hasText: newTime }).waitFor()
		expect(await visitCards(patient).count()).to.equal(1)

		await patient.getByRole('button', { name: /^Cancel: Dr\. Anna Lindner/ }).click()
		const question = patient.getByRole('dialog', { name: 'Cancel this appointment?' })
		await question.getByLabel('Reason').fill('The relay works again')
		await question.getByRole('button', { name: 'Cancel appointment' }).click()
		await patient.getByText('You have no upcoming appointments').waitFor()
		await patient.getByRole('tab', { name: 'Past and cancelled' }).click()
		const past = patient.getByRole('list', { name: 'Past and cancelled' }).getByRole('listitem')
		await past.filter({ hasText: newTime }).filter({ hasText: 'cancelled' }).waitFor()
		await slotAt(newWatcher, newTime, 'free').waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('reaches the doctor who was tapped right after typing, also when the page loads slowly', async () => {
		const patient = await browsing.visitor(phone)
		await patient.context().route(/booking-screen/, async route => {
			await new Promise(resolve => setTimeout(resolve, 1000))
			await route.continue()
		})
		await patient.goto(node.url)
		await patient.getByRole('link', { name: 'Dr. Anna Lindner', exact: true }).waitFor()
		await openDoctor(patient, 'lindner', 'Dr. Anna Lindner')
		expect(new URL(patient.url()).pathname).to.match(/^\/doctors\//)
	})

	it('releases a held time', async () => {
		const patient = await browsing.visitor(phone)
		await signIn(patient, node.url, 'patient2@clinic.example')
		await openDoctor(patient, 'General practice', 'Dr. Anna Lindner')
		await chooseFreeDay(patient)
		const time = await timeOf(patient, 2)
		const watcher = await aWatcherOf(patient)
		await slotAt(patient, time, 'free').click()
		await slotAt(watcher, time, 'held').waitFor()
		await patient.getByRole('dialog').getByRole('button', { name: 'Release this time' }).click()
		await patient.getByRole('dialog').waitFor({ state: 'detached' })
		await slotAt(watcher, time, 'free').waitFor()
		await slotAt(patient, time, 'free').waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('follows the link of a message to move a visit, signs in on the way, and moves it to another doctor', async () => {
		const { id, doctor_id: before } = await appointmentOf('patient@clinic.example')
		const patient = await browsing.visitor(phone)
		await patient.goto(`${node.url}/visits?reschedule=${id}`)
		await patient.getByLabel('E-mail address').fill('patient@clinic.example')
		await patient.getByLabel('Password', { exact: true }).fill('demo-clinic-2026')
		const press = () => patient.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
		const arrived = patient.getByRole('heading', { level: 1, name: 'Dr. Anna Lindner' })
		await press()
		// A node that is killed while it compares the password cannot answer: the page says so, and one tries again.
		const tryAgain = async () => {
			await patient.locator('main form [role="alert"]').waitFor()
			expect(browsing.complaints.splice(0).join()).to.match(/502/)
			await press()
		}
		if (isTopology) await Promise.race([arrived.waitFor(), tryAgain()])
		await arrived.waitFor()
		await patient.getByText(/Until now: .*, Dr\. Anna Lindner/).waitFor()

		await patient.getByRole('link', { name: 'Choose another doctor' }).click()
		await patient.getByText(/Until now: .*, Dr\. Anna Lindner/).waitFor()
		await openDoctor(patient, 'hartmann', 'Dr. Sofia Hartmann')
		await chooseFreeDay(patient)
		await freeTimes(patient).first().click()
		const panel = patient.getByRole('dialog')
		await panel.getByText(/Until now: .*, Dr\. Anna Lindner/).waitFor()
		await panel.getByRole('button', { name: 'Move appointment' }).click()
		await panel.getByRole('heading', { name: 'Your appointment is booked' }).waitFor()
		await panel.getByRole('link', { name: 'My appointments' }).click()
		await visitCards(patient).filter({ hasText: 'Dr. Sofia Hartmann' }).waitFor()
		const moved = await node.db('appointments').where({ id }).first()
		expect(moved.doctor_id).not.to.equal(before)
		expect(moved.status).to.equal('booked')
		expect(browsing.complaints).to.deep.equal([])
	})

	it('reads in plain words that a link leads to no visit of theirs, or to one that is over', async () => {
		const { id: foreign } = await appointmentOf('patient@clinic.example')
		const patient = await browsing.visitor(phone)
		await signIn(patient, node.url, 'patient3@clinic.example')
		for (const id of [foreign, '987654321', 'nonsense', '']) {
			for (const path of [`/visits?reschedule=${id}`, ...(id ? [`/doctors/${1}?move=${id}`] : [])]) {
				await patient.goto(node.url + path)
				await patient.getByRole('heading', { level: 1, name: 'There is no such appointment' }).waitFor()
			}
		}
		await patient.getByRole('main').getByRole('link', { name: 'My appointments' }).click()
		await patient.getByRole('tab', { name: 'Past and cancelled' }).waitFor()

		const grace = await browsing.visitor(phone)
		await signIn(grace, node.url, 'patient@clinic.example')
		const { id: over } = await node
			.db('appointments')
			.join('patients', 'patients.id', 'appointments.patient_id')
			.where({ 'patients.email': 'patient@clinic.example', 'appointments.status': 'completed' })
			.first('appointments.id')
		await grace.goto(`${node.url}/visits?reschedule=${over}`)
		await grace.getByRole('heading', { level: 1, name: 'This appointment cannot be moved any more' }).waitFor()
		// The browser itself notes every answer of 404.
		expect(browsing.complaints.filter(text => !text.includes('404'))).to.deep.equal([])
	})

	it('sets a new password with the link of the letter', async () => {
		const patient = await browsing.visitor(phone)
		await patient.goto(node.url)
		await patient.getByRole('link', { name: 'Sign in' }).click()
		await patient.getByRole('link', { name: 'Forgotten your password?' }).click()
		await patient.getByRole('heading', { level: 1, name: 'Set a new password' }).waitFor()
		await patient.getByLabel('E-mail address').fill('patient4@clinic.example')
		await patient.getByRole('button', { name: 'Send the link' }).click()
		await patient.getByText('If there is an account with this address, the link is on its way.').waitFor()

		let link: string | undefined
		await waitFor(async () => {
			const { items } = (await (await fetch(`${node.url}/dev/outbox.json`)).json()) as { items: { to: string; text: string }[] }
			const letter = items.find(({ to, text }) => to.includes('patient4@clinic.example') && text.includes('/reset-password'))
			link = /https?:\S+\/reset-password\S+/.exec(letter?.text ?? '')?.[0]
			return link !== undefined
		}, 'the letter is in the outbox')
		await patient.goto(node.url + new URL(link as string).pathname + new URL(link as string).search)
		await patient.getByLabel('New password', { exact: true }).fill('a better one, 2026')
		await patient.getByLabel('Repeat the new password').fill('a better one, 2026')
		await patient.getByRole('button', { name: 'Change password' }).click()
		await patient.getByText('Your new password is set. Sign in with it.').waitFor()
		await patient.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
		await patient.getByLabel('E-mail address').fill('patient4@clinic.example')
		await patient.getByLabel('Password', { exact: true }).fill('a better one, 2026')
		await patient.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
		await patient.getByRole('heading', { level: 1, name: 'Find a doctor' }).waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})
})
