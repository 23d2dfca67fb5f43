import { expect } from 'chai'
import ICAL from 'ical.js'
import type { ParsedMail } from 'mailparser'
import { book, cancel, done, reschedule } from '../booking/desk.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { type MailServer, startMailServer } from './a-mail-server.ts'

/** Reads a visit as a calendar program does. */
const readCalendar = (text: string) => {
	const calendar = new ICAL.Component(ICAL.parse(text))
	const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent') as ICAL.Component)
	return {
		text,
		method: calendar.getFirstPropertyValue('method') as string,
		uid: event.uid,
		sequence: event.sequence,
		summary: event.summary,
		start: event.startDate.toJSDate().toISOString(),
		end: event.endDate.toJSDate().toISOString(),
		isUtc: event.startDate.zone === ICAL.Timezone.utcTimezone,
		status: event.component.getFirstPropertyValue('status') as string,
		stamp: String(event.component.getFirstPropertyValue('dtstamp')),
		organizer: event.organizer,
		attendees: event.attendees.map(attendee => attendee.getFirstValue() as string),
		attendeeNames: event.attendees.map(attendee => attendee.getParameter('cn') as string),
	}
}

/** The invitation: the text/calendar alternative. */
const invitationOf = (mail: ParsedMail) => {
	const part = mail.attachments.find(({ contentType }) => contentType === 'text/calendar')
	const contentType = part?.headers.get('content-type') as unknown as { value: string; params: Record<string, string> }
	return { ...readCalendar(part?.content.toString('utf8') ?? ''), contentType }
}

describe('letters', () => {
	let server: MailServer
	let node: TestNode
	let doctor: Person

	before(async () => {
		server = await startMailServer()
		node = await startTestNode({ SMTP_URL: server.url, MAIL_FROM: 'Clinic <desk@clinic.example>', PUBLIC_URL: 'https://clinic.example' })
	})
	after(async () => {
		await node.stop()
		await server.stop()
	})
	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'Europe/Berlin', fullName: 'Dr. Ada Müller' })
	})

	const lettersTo = async (address: string, count: number): Promise<ParsedMail[]> => {
		const found = () => server.mails.filter(mail => mail.headers.get('to') && JSON.stringify(mail.to).includes(address))
		await waitFor(() => found().length >= count, `${count} letters to ${address}`, 20_000)
		return found()
	}

	it('carry invitations that update one calendar event: booked, moved, cancelled', async () => {
		const patient = await aPatient(node)
		const [from = '', to = ''] = await someSlots(node, doctor.id, { count: 2, from: hoursAhead(100) })
		const visit = done(await book(node, patient, from))
		await lettersTo(patient.email, 1)
		const moved = done(await reschedule(node, patient, visit.id, to))
		await lettersTo(patient.email, 2)
		done(await cancel(node, patient, visit.id))
		const invitations = (await lettersTo(patient.email, 3)).map(invitationOf)

		expect(invitations.map(({ method }) => method)).to.deep.equal(['REQUEST', 'REQUEST', 'CANCEL'])
		expect(invitations.map(({ contentType }) => contentType.params.method)).to.deep.equal(['REQUEST', 'REQUEST', 'CANCEL'])
		expect(new Set(invitations.map(({ uid }) => uid))).to.deep.equal(new Set([`appointment-${visit.id}@clinic.example`]))
		expect(invitations.map(({ sequence }) => sequence)).to.deep.equal([0, 1, 2])
		expect(invitations.map(({ start }) => start)).to.deep.equal([visit.startsAt, moved.startsAt, moved.startsAt])
		expect(invitations.map(({ end }) => end)).to.deep.equal([visit.endsAt, moved.endsAt, moved.endsAt])
		expect(invitations.map(({ status }) => status)).to.deep.equal(['CONFIRMED', 'CONFIRMED', 'CANCELLED'])
		for (const { isUtc, organizer, attendees, text } of invitations) {
			expect(isUtc).to.equal(true)
			expect(organizer).to.equal('mailto:desk@clinic.example')
			expect(attendees.map(each => each.toLowerCase())).to.deep.equal([`mailto:${patient.email}`])
			for (const line of text.split('\r\n')) expect(Buffer.byteLength(line), line).to.be.at.most(75)
		}
	})

	it('carry the same event as the downloaded file, under any name of the server', async () => {
		const patient = await aPatient(node)
		const [slot = ''] = await someSlots(node, doctor.id, { from: hoursAhead(100) })
		const visit = done(await book(node, patient, slot))
		const [mail] = await lettersTo(patient.email, 1)
		const download = async () => {
			const response = await fetch(`${node.url}/api/v1/appointments/${visit.id}/calendar.ics`, {
				headers: { authorization: `Bearer ${patient.token}` },
			})
			expect(response.headers.get('content-type')).to.match(/^text\/calendar/)
			const { text: _text, method, attendees, attendeeNames: _names, ...event } = readCalendar(await response.text())
			expect({ method, attendees }).to.deep.equal({ method: 'PUBLISH', attendees: [] })
			return event
		}
		const { uid, sequence, summary, start, end, isUtc, status, stamp, organizer } = invitationOf(mail as ParsedMail)
		expect(await download()).to.deep.equal({ uid, sequence, summary, start, end, isUtc, status, stamp, organizer })
		done(await cancel(node, patient, visit.id))
		expect(await download()).to.include({ uid, sequence: 1, status: 'CANCELLED' })
	})

	it('name the patient in the invitation, whatever characters the name has', async () => {
		const patient = await aPatient(node, { fullName: 'Ada "Countess" Lovelace";ROLE=CHAIR;X-A="b' })
		const [slot = ''] = await someSlots(node, doctor.id)
		done(await book(node, patient, slot))
		const [mail] = await lettersTo(patient.email, 1)
		const { attendees, attendeeNames, text } = invitationOf(mail as ParsedMail)
		expect(attendees.map(each => each.toLowerCase())).to.deep.equal([`mailto:${patient.email}`])
		expect(attendeeNames).to.deep.equal([`Ada 'Countess' Lovelace';ROLE=CHAIR;X-A='b`])
		expect(text.replace(/\r\n /g, '')).to.include('ROLE=REQ-PARTICIPANT').and.include(`CN="Ada 'Countess' Lovelace';ROLE=CHAIR;X-A='b"`)
	})

	const languages = [
		{ language: 'en', says: 'Your visit is booked.', date: /at 10:00|10:00/, dir: 'ltr' },
		{ language: 'de', says: 'Ihr Termin ist gebucht.', date: /Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag/, dir: 'ltr' },
		{ language: 'es', says: 'Su cita está reservada.', date: /lunes|martes|miércoles|jueves|viernes|sábado|domingo/, dir: 'ltr' },
		{ language: 'ar', says: 'تم حجز موعدك.', date: /الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت|الأحد/, dir: 'rtl' },
	] as const

	for (const { language, says, date, dir } of languages) {
		it(`are written in the patient’s language (${language}), with the doctor’s time and zone`, async () => {
			const patient = await aPatient(node)
			await node.db('patients').where({ id: patient.id }).update({ language })
			const startsAt = new Date('2031-07-09T08:00:00Z')
			const [slot = ''] = await someSlots(node, doctor.id, { from: startsAt })
			done(await book(node, patient, slot))
			const [mail] = await lettersTo(patient.email, 1)
			expect(mail?.text).to.include(says).and.include('Europe/Berlin').and.include('10:00').and.match(date)
			expect(mail?.html || '')
				.to.include(`<html lang="${language}" dir="${dir}">`)
				.and.include(says)
			expect(mail?.subject).to.include('2031')
		})
	}

	it('let mail programs unsubscribe with one POST, and ask robots not to reply', async () => {
		const patient = await aPatient(node)
		const [slot = ''] = await someSlots(node, doctor.id)
		done(await book(node, patient, slot))
		const [mail] = await lettersTo(patient.email, 1)
		const line = (name: string) => mail?.headerLines.find(({ key }) => key === name)?.line.replace(/\r\n\s+/g, ' ')
		expect(line('list-unsubscribe-post')).to.equal('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
		expect(line('auto-submitted')).to.equal('Auto-Submitted: auto-generated')
		const [, link = ''] = /^List-Unsubscribe: <(https:\/\/clinic\.example\/n\/[\w.]+)>$/.exec(line('list-unsubscribe') ?? '') ?? []
		expect(link, line('list-unsubscribe')).not.to.equal('')
		const { pathname } = new URL(link)
		const headers = { 'content-type': 'application/x-www-form-urlencoded' }
		const answer = await fetch(`${node.url}${pathname}`, { method: 'POST', headers, body: 'List-Unsubscribe=One-Click' })
		expect(answer.status).to.equal(200)
		expect((await node.db('patients').where({ id: patient.id }).first()).notify_email).to.equal(false)
	})

	it('cannot gain headers or recipients from people’s names', async () => {
		const patient = await aPatient(node, { fullName: 'Eve\r\nBcc: evil@example.com\r\n\r\nHello <x@example.com>' })
		await node.db('users').where({ id: doctor.id }).update({ full_name: 'Dr\r\nX-Evil: 1' })
		const [slot = ''] = await someSlots(node, doctor.id)
		done(await book(node, patient, slot))
		const [mail] = await lettersTo(patient.email, 1)
		const names = mail?.headerLines.map(({ key }) => key)
		expect(names).not.to.include('bcc').and.not.to.include('x-evil')
		expect(server.recipients.filter(address => address.includes('evil') || address === 'x@example.com')).to.deep.equal([])
		expect(invitationOf(mail as ParsedMail).text).not.to.match(/^X-Evil|^Bcc/m)
	})

	it('are not sent to a list of addresses', async () => {
		const { createMailer } = await import('../../server/reminders/mailer.ts')
		const mailer = createMailer({ url: server.url, from: 'a@example.com', connections: 1 })
		for (const email of ['a@example.com, b@example.com', 'a@example.com\r\nRCPT TO:<b@example.com>', 'x', '"a b"@c.d']) {
			const sending = await mailer.send({ to: { name: 'A', email }, subject: 's', text: 't', html: 'h' })
			expect(sending).to.deep.include({ sent: false, failure: 'permanent' })
		}
		await mailer.stop()
	})
})
