import { expect } from 'chai'
import { book, cancel, done } from '../booking/desk.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { mailsWhen } from './a-clinic.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('a link in a message', () => {
	const node = useNode()
	let doctor: Person
	let patient: Person
	let slots: string[]
	let visit: { id: string; startsAt: string }
	let link: { visit: string; unsubscribe: string }

	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'Europe/Berlin', fullName: 'Dr. Ada' })
		patient = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 4, from: hoursAhead(48) })
		visit = done(await book(node, patient, slots[0]!))
		const [mail] = await mailsWhen(node, patient.email, 1)
		const links = [...(mail?.text.matchAll(/http:\/\/localhost:\d+(\/n\/[\w.]+)/g) ?? [])].map(([, path]) => path as string)
		link = { visit: links[0]!, unsubscribe: links.at(-1)! }
	})

	const show = (path: string, headers: Record<string, string> = {}) => fetch(`${node.url}${path}`, { headers })
	const act = (path: string, fields: Record<string, string>) =>
		fetch(`${node.url}${path}`, { method: 'POST', headers: form, body: new URLSearchParams(fields) })
	const stored = () => node.db('appointments').where({ id: visit.id }).first()

	it('shows the visit and changes nothing, however often it is opened', async () => {
		for (const method of ['GET', 'HEAD', 'GET']) await fetch(`${node.url}${link.visit}`, { method })
		const response = await show(link.visit)
		const page = await response.text()
		expect(page).to.include('Dr. Ada').and.include('I will come').and.include('Cancel the visit').and.include('Europe/Berlin')
		expect(page).not.to.include('<script').and.not.to.include('http://')
		expect(response.headers.get('cache-control')).to.equal('no-store')
		expect(response.headers.get('content-security-policy')).to.include("script-src 'self'").and.include("form-action 'self'")
		expect(response.headers.get('referrer-policy')).to.equal('no-referrer')
		await show(link.unsubscribe)
		expect(await stored()).to.include({ status: 'booked', confirmed_at: null, sequence: 0 })
		expect((await node.db('patients').where({ id: patient.id }).first()).notify_email).to.equal(true)
	})

	it('confirms the visit, and the desk sees the confirmation', async () => {
		const page = await (await act(link.visit, { act: 'confirm' })).text()
		expect(page).to.include('We expect you')
		const desk = await aReceptionist(node)
		const { body } = await call(node, 'GET', `/appointments/${visit.id}/notifications`, { token: desk.token })
		expect(Date.parse(body.confirmedAt)).to.be.closeTo(Date.now(), 60_000)
		await act(link.visit, { act: 'confirm' })
		expect(await node.db('audit_log').where({ action: 'confirmed', entity_id: visit.id })).to.have.length(1)
	})

	it('cancels once, through the doctor’s mailbox and booking’s rules', async () => {
		const page = await (await act(link.visit, { act: 'cancel' })).text()
		expect(page).to.include('The visit is cancelled')
		expect(await stored()).to.include({ status: 'cancelled', sequence: 1 })
		expect((await act(link.visit, { act: 'cancel' })).status).to.equal(200)
		expect((await stored()).sequence).to.equal(1)
		const slot = await node.db('appointment_slots').where({ doctor_id: doctor.id, starts_at: visit.startsAt }).first()
		expect(slot.is_booked).to.equal(false)
		await mailsWhen(node, patient.email, 2)
	})

	it('moves the visit to an offered time, and reports when the time is taken', async () => {
		const page = await (await show(link.visit)).text()
		const offered = [...page.matchAll(/name="slotId" value="([^"]+)"/g)].map(([, id]) => id as string)
		expect(offered).to.include.members(slots.slice(1))
		done(await book(node, await aPatient(node), slots[1]!))
		const refused = await act(link.visit, { act: 'reschedule', slotId: slots[1]! })
		expect(refused.status).to.equal(409)
		expect(await refused.text()).to.include('has just been taken')
		await act(link.visit, { act: 'confirm' })
		const moved = await act(link.visit, { act: 'reschedule', slotId: slots[2]! })
		expect(await moved.text())
			.to.include('The visit has moved')
			.and.include('I will come')
		expect(await stored()).to.include({ status: 'booked', sequence: 1, confirmed_at: null })
	})

	it('works for a patient without an account', async () => {
		const desk = await aReceptionist(node)
		const email = `caller-${visit.id}@example.com`
		const body = { fullName: 'A caller', phone: '+49 30 12345', email }
		const { id } = done<{ id: string }>(await call(node, 'POST', '/patients', { token: desk.token, body }))
		const booked = done(await book(node, desk, slots[3]!, { patientId: id }))
		const [mail] = await mailsWhen(node, email, 1)
		const [, path = ''] = /(\/n\/[\w.]+)/.exec(mail?.text ?? '') ?? []
		await act(path, { act: 'cancel' })
		expect((await node.db('appointments').where({ id: booked.id }).first()).status).to.equal('cancelled')
	})

	it('does not work when changed, after the visit, or for a disabled account', async () => {
		for (const path of [`${link.visit.slice(0, -1)}x`, '/n/v.1.1.zzzz.00000000000000000000000000000000', '/n/x']) {
			const response = await act(path, { act: 'cancel' })
			expect(response.status).to.equal(404)
			expect(await response.text()).to.include('expired or is incomplete')
		}
		expect(await (await show('/n/x', { 'accept-language': 'de' })).text()).to.include('abgelaufen')
		await node.db('users').where({ id: patient.id }).update({ status: 'disabled' })
		expect((await act(link.visit, { act: 'cancel' })).status).to.equal(404)
		expect((await stored()).status).to.equal('booked')
		expect((await act(link.unsubscribe, {})).status).to.equal(200)
	})

	it('unsubscribes from one channel and subscribes again, in the patient’s language', async () => {
		await node.db('patients').where({ id: patient.id }).update({ language: 'ar' })
		expect(await (await show(link.unsubscribe)).text()).to.include('<html lang="ar" dir="rtl">')
		await act(link.unsubscribe, { 'List-Unsubscribe': 'One-Click' })
		const choices = async () => await node.db('patients').where({ id: patient.id }).first('notify_email', 'notify_sms', 'notify_push')
		expect(await choices()).to.deep.equal({ notify_email: false, notify_sms: true, notify_push: true })
		done(await cancel(node, patient, visit.id))
		expect(await node.db('notification_queue').where({ appointment_id: visit.id, kind: 'cancelled' })).to.deep.equal([])
		await act(link.unsubscribe, { act: 'resubscribe' })
		expect((await choices()).notify_email).to.equal(true)
	})
})
