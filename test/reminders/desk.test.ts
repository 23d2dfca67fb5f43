import { expect } from 'chai'
import type { Job, Notification } from '../../contract/index.ts'
import { startNode } from '../../server/node.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { cleanUp } from '../../server/privacy/retention.ts'
import { book, done } from '../booking/desk.ts'
import { hoursAhead } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aRow, aSlot, aVisit, ledgerInWords, mailsWhen } from './a-clinic.ts'

describe('the ledger at the desk', () => {
	const node = useNode()
	let doctor: Person
	let desk: Person
	let patient: Person

	beforeEach(async () => {
		;[doctor, desk, patient] = [await aDoctor(node), await aReceptionist(node), await aPatient(node)]
	})

	const ledger = (by: Person, id: string) =>
		call<{ items: Notification[] }>(node, 'GET', `/appointments/${id}/notifications`, { token: by.token })
	const retry = (by: Person, id: string) => call(node, 'POST', `/notifications/${id}/retry`, { token: by.token })

	it('shows messages to staff and the visit’s doctor only', async () => {
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		await mailsWhen(node, patient.email, 1)
		await waitFor(async () => (await ledgerInWords(node, visit.id)).includes('email booked sent'), 'the letter to be marked')
		for (const by of [desk, doctor]) {
			const { items } = done<{ items: Notification[] }>(await ledger(by, visit.id))
			expect(items.map(({ kind, channel, leadMinutes, status }) => [kind, channel, leadMinutes, status])).to.deep.equal([
				['booked', 'email', undefined, 'sent'],
				['reminder', 'email', 1440, 'due'],
				['reminder', 'email', 5, 'due'],
			])
			expect(items[0]).to.include.keys('sentAt', 'providerId').and.include({ attempts: 1 })
		}
		expect((await ledger(await aDoctor(node), visit.id)).body.items).to.equal(undefined)
		expect((await ledger(await aDoctor(node), visit.id)).status).to.equal(404)
		expect((await ledger(patient, visit.id)).status).to.equal(403)
		expect((await ledger(desk, '999999')).status).to.equal(404)
	})

	it('retries failed messages at once, and no others', async () => {
		const visit = await aVisit(node, doctor.id, patient.id)
		const row = await aRow(node, visit)
		await node.db('notification_queue').where({ id: row }).update({ status: 'failed', attempts: 10, last_error: '550 no' })
		expect((await ledger(desk, visit)).body.items[0]).to.include({ status: 'failed', error: '550 no' })
		expect((await retry(doctor, row)).status).to.equal(403)
		expect(done<Notification>(await retry(desk, row))).to.include({ status: 'due', attempts: 0 })
		await mailsWhen(node, patient.email, 1)
		await waitFor(async () => (await ledgerInWords(node, visit)).includes('email reminder-1440 sent'), 'the letter to be marked')
		expect((await retry(desk, row)).body.code).to.equal('wrong_status')
		expect((await retry(desk, '999999')).status).to.equal(404)
	})

	it('lets patients, and staff for patients, choose channels, language and zone', async () => {
		const own = (method: string, body?: unknown) =>
			call(node, method, '/me/notifications', { token: patient.token, ...(body !== undefined && { body }) })
		const initial = { email: true, sms: true, push: true, language: 'en', timeZone: null, offered: ['email', 'push'] }
		expect((await own('GET')).body).to.deep.equal(initial)
		const changed = { ...initial, sms: false, language: 'de', timeZone: 'Asia/Kolkata' }
		expect((await own('PATCH', { sms: false, language: 'de', timeZone: 'Asia/Kolkata' })).body).to.deep.equal(changed)
		const path = `/patients/${patient.id}/notifications`
		expect((await call(node, 'GET', path, { token: desk.token })).body).to.deep.equal(changed)
		expect((await call(node, 'PATCH', path, { token: desk.token, body: { timeZone: null } })).body.timeZone).to.equal(null)
		expect((await call(node, 'PATCH', path, { token: patient.token, body: {} })).status).to.equal(403)
		expect((await own('PATCH', { language: 'tlh' })).body.code).to.equal('invalid_input')
		expect((await own('PATCH', { timeZone: 'Mars/Olympus' })).body.code).to.equal('invalid_input')
		expect((await call(node, 'GET', '/me/notifications', { token: desk.token })).status).to.equal(403)
	})
})

describe('recurring work', () => {
	const node = useNode()

	const jobs = async (admin: Person) => done<{ items: Job[] }>(await call(node, 'GET', '/admin/jobs', { token: admin.token })).items
	const run = (by: Person, name: string) => call(node, 'POST', `/admin/jobs/${encodeURIComponent(name)}/run`, { token: by.token })

	it('is shown to admins, and run at their request', async function () {
		this.timeout(30_000)
		const admin = await anAdmin(node)
		expect((await jobs(admin)).map(({ name, every }) => `${name}: ${every}`)).to.deep.equal([
			'generate slots: 15 0 * * *',
			'end leftover slots: * * * * *',
			'send reminders: * * * * *',
			'finish erasures: * * * * *',
			'clean up: 40 2 * * *',
		])
		const before = (await jobs(admin)).find(({ name }) => name === 'clean up')
		expect(before).to.include({ lastRunAt: null, failures: 0, error: null })
		await node.db('password_resets').insert({ token_hash: Buffer.from('old'), user_id: admin.id, expires_at: new Date(0) })
		expect((await run(await aReceptionist(node), 'clean up')).status).to.equal(403)
		expect((await run(admin, 'make coffee')).status).to.equal(404)
		expect((await run(admin, 'clean up')).status).to.equal(202)
		await waitFor(async () => (await node.db('password_resets').where({ user_id: admin.id })).length === 0, 'the clean-up', 20_000)
		await waitFor(async () => (await jobs(admin)).some(job => job.name === 'clean up' && job.lastFinishedAt !== null), 'its report')
		const after = (await jobs(admin)).find(({ name }) => name === 'clean up')
		expect(Date.parse(after?.nextRunAt ?? '')).to.be.above(Date.now())
	})

	it('is caught up by the next node after no node ran', async function () {
		this.timeout(40_000)
		const missed = new Date(Date.now() - 3 * 3_600_000)
		await node.db('agenda_jobs').where({ name: 'clean up' }).update({ next_run_at: missed, last_finished_at: null, locked_at: null })
		const { config, databaseUrl, redisUrl } = node
		const another = await startNode({ config, log: createLog('silent'), databaseUrl, redisUrl, version: 'test' })
		try {
			const done = async () => (await node.db('agenda_jobs').where({ name: 'clean up' }).first())?.last_finished_at !== null
			await waitFor(done, 'the missed run', 30_000)
		} finally {
			await another.stop()
		}
	})

	it('deletes expired records, and keeps the others', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const visit = await aVisit(node, doctor.id, patient.id)
		const old = (days: number) => new Date(Date.now() - days * 86_400_000)
		for (const days of [0.5, 2]) {
			const key = { requested_by: patient.id, fingerprint: 'f', request_id: '00000000-0000-4000-8000-000000000000' }
			await node.db('booking_requests').insert({ ...key, idempotency_key: `${days}`, settled_at: old(days) })
		}
		for (const days of [100, 400]) await node.db('audit_log').insert({ at: old(days), action: 'x', entity: `clean-up ${days}` })
		for (const [leadMinutes, days] of [
			[100, 10],
			[200, 200],
		] as const) {
			const id = await aRow(node, visit, { leadMinutes })
			await node
				.db('notification_queue')
				.where({ id })
				.update({ status: 'sent', settled_at: old(days) })
		}
		await aRow(node, visit, { leadMinutes: 300, dueAt: hoursAhead(1) })
		const gone = await cleanUp(node.db, { auditDays: 365, ledgerDays: 180 })
		expect(gone).to.include({ booking_requests: 1, audit_log: 1, notification_queue: 1 })
		expect(
			await node.db('notification_queue').where({ appointment_id: visit }).orderBy('lead_minutes').pluck('lead_minutes'),
		).to.deep.equal([100, 300])
	})
})
