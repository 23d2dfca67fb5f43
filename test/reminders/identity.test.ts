import { expect } from 'chai'
import ICAL from 'ical.js'
import type { ParsedMail } from 'mailparser'
import { book, cancel, done } from '../booking/desk.ts'
import { aPng } from '../clinic/a-picture.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { type MailServer, startMailServer } from './a-mail-server.ts'

const eventIn = (text: string) => {
	const event = new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent('vevent') as ICAL.Component
	const value = (name: string) => String(event.getFirstPropertyValue(name) ?? '')
	return {
		location: value('location'),
		description: value('description'),
		url: value('url'),
		summary: value('summary'),
		start: value('dtstart'),
		end: value('dtend'),
		organizer: `${event.getFirstProperty('organizer')?.getParameter('cn')} ${value('organizer')}`,
	}
}

describe('the identity of the clinic', () => {
	let server: MailServer
	let node: TestNode
	let letters: ParsedMail[]
	let file: string
	let page: string
	const pageAt = async (path: string) => await (await fetch(node.url + path)).text()
	const invitationIn = (mail: ParsedMail | undefined) =>
		eventIn(mail?.attachments.find(({ contentType }) => contentType === 'text/calendar')?.content.toString('utf8') ?? '')

	before(async () => {
		server = await startMailServer()
		node = await startTestNode({
			SMTP_URL: server.url,
			MAIL_FROM: 'Liveslot <desk@clinic.example>',
			PUBLIC_URL: 'https://book.clinic.example',
		})
		const { token } = await anAdmin(node)
		const set = async (method: 'PATCH', path: string, body: unknown) => {
			const answer = await call(node, method, path, { token, body })
			expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
		}
		const address = { line: 'Invalidenstraße 117', postalCode: '10115', city: 'Berlin', country: 'DE' }
		await set('PATCH', '/clinic', {
			name: 'Praxis "Am Park"',
			phone: '+49 30 5550100',
			address,
			accent: '#ffdd00',
			imprintUrl: 'https://clinic.example/imprint',
			privacyUrl: 'https://clinic.example/privacy',
		})
		const headers = { authorization: `Bearer ${token}`, 'content-type': 'image/png' }
		const logo = await fetch(`${node.url}/api/v1/clinic/logo`, { method: 'PUT', headers, body: new Uint8Array(aPng()) })
		expect(logo.status, await logo.text()).to.equal(204)
		const { body: sites } = await call(node, 'GET', '/sites')
		const site = { name: 'Mitte', address, phone: '+49 30 5550199', directions: 'Second floor.' }
		await set('PATCH', `/sites/${sites.items[0].id}`, site)
		const { body: types } = await call(node, 'GET', '/appointment-types')
		const type = { minutes: 15, price: '€ 40', instructions: 'Come sober.', names: { de: 'Sprechstunde' } }
		await set('PATCH', `/appointment-types/${types.items[0].id}`, type)

		const doctor = await aDoctor(node, { timeZone: 'Europe/Berlin', fullName: 'Dr. Ada' })
		const patient = await aPatient(node)
		await node.db('patients').where({ id: patient.id }).update({ language: 'de' })
		const [slot = ''] = await someSlots(node, doctor.id, { from: new Date('2031-07-09T08:00:00Z'), minutes: 30 })
		const visit = done(await book(node, patient, slot, { typeId: types.items[0].id }))
		letters = await lettersTo(patient.email, 1)
		const download = await fetch(`${node.url}/api/v1/appointments/${visit.id}/calendar.ics`, {
			headers: { authorization: `Bearer ${patient.token}` },
		})
		file = await download.text()
		const [, link = ''] = /https:\/\/book\.clinic\.example(\/n\/v[\w.]+)/.exec(letters[0]?.text ?? '') ?? []
		page = await pageAt(link)
		done(await cancel(node, patient, visit.id))
		letters = await lettersTo(patient.email, 2)
	})
	after(async () => {
		await node.stop()
		await server.stop()
	})

	const lettersTo = async (address: string, count: number) => {
		const found = () => server.mails.filter(mail => JSON.stringify(mail.to).includes(address))
		await waitFor(() => found().length >= count, `${count} letters to ${address}`, 20_000)
		return found()
	}

	it('is in letters: the sender’s name, the site with its telephone, what to prepare, what it costs, imprint and privacy', () => {
		const [mail] = letters
		expect(mail?.from?.value).to.deep.equal([{ name: 'Praxis "Am Park"', address: 'desk@clinic.example' }])
		const known = ['Mitte, Invalidenstraße 117, 10115 Berlin', '+49 30 5550199', 'Second floor.', 'Come sober.', '€ 40', 'Sprechstunde']
		for (const text of [...known, 'https://clinic.example/imprint', 'https://clinic.example/privacy']) expect(mail?.text).to.include(text)
		const html = String(mail?.html)
		for (const text of [...known, 'href="tel:+49305550199"', 'openstreetmap.org']) expect(html).to.include(text)
		expect(html).to.match(/<img src="https:\/\/book\.clinic\.example\/api\/v1\/clinic\/logo\?v=[\w-]+"/)
	})

	it('is in the calendar, the same in the letter and in the file: place, preparation, organizer, address of the visits', () => {
		const invitation = invitationIn(letters[0])
		expect(invitation).to.deep.equal(eventIn(file))
		expect(invitation).to.include({
			location: 'Mitte, Invalidenstraße 117, 10115 Berlin',
			url: 'https://book.clinic.example/visits',
			organizer: `Praxis 'Am Park' mailto:desk@clinic.example`,
			summary: 'Sprechstunde: Dr. Ada',
		})
		for (const text of ['Come sober.', 'Second floor.', '€ 40', '+49 30 5550199']) expect(invitation.description).to.include(text)
	})

	it('is on the page behind a link, with the telephone to call', () => {
		expect(page).to.include('<title>Ihr Termin · Praxis &#34;Am Park&#34;</title>')
		for (const text of ['Mitte, Invalidenstraße 117, 10115 Berlin', 'href="tel:+49305550199"', 'Come sober.', '€ 40', 'Impressum'])
			expect(page).to.include(text)
		expect(page).to.match(/<img src="\/api\/v1\/clinic\/logo\?v=/)
	})

	it('is on the page of a link that is no good, for whom only the telephone helps', async () => {
		const lost = await pageAt('/n/v.1.1.1.00000000000000000000000000000000')
		expect(lost).to.include('href="tel:+49305550100"').and.include('Praxis &#34;Am Park&#34;')
	})

	it('leaves directions and preparation out of a cancellation', () => {
		expect(letters[1]?.text).to.include('abgesagt').and.not.include('Come sober.').and.not.include('Second floor.')
	})

	it('tells one length everywhere: of fifteen minutes in a half-hour slot the calendar keeps half an hour', () => {
		for (const text of [letters[0]?.text, page]) expect(text).to.match(/10:00\s?–\s?10:30/)
		expect(eventIn(file)).to.include({ start: '2031-07-09T08:00:00Z', end: '2031-07-09T08:30:00Z' })
	})

	it('is in the letter that sets a password', async () => {
		const patient = await aPatient(node)
		await call(node, 'POST', '/auth/forgot-password', { body: { email: patient.email } })
		const [mail] = await lettersTo(patient.email, 1)
		expect(mail?.from?.value[0]?.name).to.equal('Praxis "Am Park"')
		expect(mail?.text).to.include('Invalidenstraße 117').and.include('https://clinic.example/imprint')
	})

	it('is where the doctor works that day, for a visit whose slot is gone', async () => {
		const doctor = await aDoctor(node, { timeZone: 'Europe/Berlin' })
		const patient = await aPatient(node)
		const { token } = await anAdmin(node)
		const { body: site } = await call(node, 'POST', '/sites', { token, body: { name: 'Elsewhere', timeZone: 'Europe/Berlin' } })
		await node.db('schedule_plans').where({ doctor_id: doctor.id }).delete()
		await node.db('schedule_plans').insert({ doctor_id: doctor.id, site_id: site.id, slot_minutes: 30, weekly: '[]' })
		const startsAt = hoursAhead(60)
		const [slot = ''] = await someSlots(node, doctor.id, { from: startsAt })
		const visit = done(await book(node, patient, slot))
		await node.db('appointment_slots').where({ doctor_id: doctor.id }).delete()
		const { rows } = await node.db.raw(`SELECT visit_face(?, 'en') -> 'place' ->> 'name' AS name`, [visit.id])
		expect(rows).to.deep.equal([{ name: 'Elsewhere' }])
	})
})
