import { expect } from 'chai'
import { createLog } from '../../server/platform/observability/log.ts'
import { Refusal } from '../../server/platform/refusal.ts'
import { beginErasure, finishErasures } from '../../server/privacy/erasure.ts'
import { hoursAhead, inconsistencies, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'
import { allTables, aMarkedPatient, type MarkedPatient } from './a-patient.ts'

describe('the erasure of a patient', () => {
	const [node, other] = useNodes(2)
	afterEach(closeSockets)

	let doctor: Person
	let slots: string[]
	let patient: MarkedPatient
	beforeEach(async () => {
		doctor = await aDoctor(node!)
		slots = await someSlots(node!, doctor.id, { count: 4 })
		patient = await aMarkedPatient(node!, [slots[0]!, slots[1]!])
	})

	const erase = (person: Person, password = person.password) => call(node!, 'DELETE', '/me', { token: person.token, body: { password } })

	const subject = () => ({ patientId: patient.id, userId: patient.id, role: 'patient', isErasing: false })
	const actor = () => ({ userId: patient.id }) as never
	const origin = { ip: '127.0.0.1', requestId: 'test' }

	/** Turns the cancelled visit into one that took place. */
	const aPastVisit = async (): Promise<Date> => {
		const at = hoursAhead(-48)
		await someSlots(node!, doctor.id, { from: at })
		const times = { starts_at: at, ends_at: new Date(at.getTime() + 1_800_000), slot_starts: [at] }
		await node!
			.db('appointments')
			.where({ id: patient.cancelledId })
			.update({ status: 'completed', ...times })
		await node!.db('appointment_slots').where({ doctor_id: doctor.id, starts_at: at }).update({ appointment_id: patient.cancelledId })
		return at
	}

	const expectForgotten = async (statuses = ['cancelled', 'cancelled']) => {
		for (const [table, text] of await allTables(node!))
			for (const mark of Object.values(patient.marks)) expect(text, `${mark} in ${table}`).not.to.contain(mark)
		expect(await node!.db('patients').where({ id: patient.id }).first('full_name', 'phone', 'email', 'birth_date')).to.deep.equal({
			full_name: 'Erased',
			phone: null,
			email: null,
			birth_date: null,
		})
		const visits = await node!.db('appointments').where({ patient_id: patient.id }).orderBy('id')
		expect(visits.map(({ status, reason, cancel_reason }) => [status, reason, cancel_reason])).to.deep.equal(
			statuses.map(status => [status, null, null]),
		)
		for (const table of ['refresh_tokens', 'push_subscriptions', 'password_resets', 'calendar_links'])
			expect(await node!.db(table).where({ user_id: patient.id }), table).to.deep.equal([])
		expect(await inconsistencies(node!.db)).to.equal(0)
	}

	const auditOf = async () =>
		(await node!.db('audit_log').where({ entity: 'patient', entity_id: patient.id }).orderBy('id')).map(({ action }) => action)

	it('covers every table, frees the slot for watchers, and stops messages', async () => {
		const recorder = aRecorder(await aSocket(other!), doctor.id, soon())
		await recorder.watch()
		expect((await erase(patient)).status).to.equal(204)
		await waitFor(() => recorder.told(slots[0]!)?.state === 'free', 'the slot to become free')
		await expectForgotten()
		expect(await node!.db('notification_queue').whereIn('appointment_id', [patient.visitId, patient.cancelledId])).to.deep.equal([])
		expect(await auditOf()).to.deep.equal(['chose_notifications', 'erasure_asked', 'erased'])
	})

	it('signs the patient out everywhere at once: sockets on every node, access tokens, the old password', async () => {
		const sockets = await Promise.all([aSocket(node!, patient.token), aSocket(other!, patient.token)])
		await erase(patient)
		await waitFor(() => sockets.every(socket => !socket.connected), 'sockets to be cut')
		expect((await call(other!, 'GET', '/me', { token: patient.token })).status).to.equal(403)
		const { email, password } = patient
		expect((await call(node!, 'POST', '/auth/login', { body: { email, password } })).status).to.equal(401)
	})

	it('lets the person register again with the same address', async () => {
		await erase(patient)
		const { email, password } = patient
		const { status, body } = await call(node!, 'POST', '/auth/register', { body: { email, password, fullName: 'Somebody New' } })
		expect(status).to.equal(201)
		expect(body.user.id).not.to.equal(patient.id)
		expect((await call(node!, 'GET', '/appointments', { token: body.accessToken })).body.items).to.deep.equal([])
	})

	it('needs the password, and changes nothing without it', async () => {
		expect((await erase(patient, 'a guess')).body.code).to.equal('invalid_credentials')
		expect((await call(node!, 'DELETE', '/me', { token: patient.token })).body.code).to.equal('invalid_input')
		expect((await call(node!, 'GET', '/me', { token: patient.token })).body).to.include({
			fullName: patient.marks.fullName,
			status: 'active',
		})
		expect(await node!.db('appointments').where({ id: patient.visitId }).first('status')).to.deep.equal({ status: 'booked' })
	})

	it('keeps past visits for the clinic: the doctor, the time and the status', async () => {
		const startsAt = await aPastVisit()
		await erase(patient)
		const visit = await node!.db('appointments').where({ id: patient.cancelledId }).first()
		expect(visit).to.deep.include({ doctor_id: doctor.id, status: 'completed', reason: null, cancel_reason: null })
		expect(visit.starts_at.getTime()).to.equal(startsAt.getTime())
	})

	it('cancels visits within the cut-off too', async () => {
		const [soonest] = await someSlots(node!, doctor.id, { from: new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 600_000) })
		const desk = await aReceptionist(node!)
		const { status } = await call(node!, 'POST', '/appointments', { token: desk.token, body: { slotId: soonest, patientId: patient.id } })
		expect(status).to.equal(201)
		await erase(patient)
		expect(await node!.db('appointments').where({ patient_id: patient.id, status: 'booked' })).to.deep.equal([])
	})

	it('hides the patient from search, changes and bookings from the moment of the request', async () => {
		await beginErasure(node!, subject(), actor(), origin)
		const desk = await aReceptionist(node!)
		const ask = (method: string, path: string, body?: unknown) =>
			call(node!, method, path, { token: desk.token, ...(body !== undefined && { body }) })
		expect((await ask('GET', `/patients?q=${encodeURIComponent(patient.marks.fullName)}`)).body.items).to.deep.equal([])
		const refusals = [
			await ask('GET', `/patients/${patient.id}`),
			await ask('PATCH', `/patients/${patient.id}`, { fullName: 'Back Again' }),
			await ask('GET', `/patients/${patient.id}/notifications`),
			await ask('PATCH', `/patients/${patient.id}/notifications`, { email: true }),
			await ask('POST', '/appointments', { slotId: slots[2], patientId: patient.id }),
			await call(node!, 'GET', `/patients/${patient.id}/export`, { token: (await anAdmin(node!)).token }),
			await call(node!, 'DELETE', `/patients/${patient.id}`, { token: (await anAdmin(node!)).token }),
		]
		expect(refusals.map(({ status }) => status)).to.deep.equal(refusals.map(() => 404))
	})

	const finish = async () => {
		const admin = await anAdmin(node!)
		expect((await call(node!, 'POST', '/admin/jobs/finish%20erasures/run', { token: admin.token })).status).to.equal(202)
		await waitFor(async () => (await auditOf()).includes('erased'), 'the erasure to be finished', 15_000)
	}

	it('is finished by the job when the server died right after the request', async function () {
		this.timeout(30_000)
		await beginErasure(node!, subject(), actor(), origin)
		await finish()
		await expectForgotten()
	})

	/** The dependencies of the steps. A test lets one of them fail. */
	const deps = () => ({
		db: node!.db,
		log: createLog('silent'),
		cutOff: () => {},
		cancel: async (_asked: unknown, { appointmentId }: { appointmentId: string }) => {
			const desk = await aReceptionist(node!)
			const { status } = await call(node!, 'POST', `/appointments/${appointmentId}/cancel`, { token: desk.token, body: {} })
			if (status !== 200) throw new Refusal('wrong_status')
		},
		announcements: { writePatient: async () => {}, tell: async () => {} },
	})
	const outage = () => {
		throw new Refusal('booking_pending')
	}

	for (const [step, failing] of Object.entries({
		'the cut-off': { cutOff: outage },
		'a cancellation': { cancel: outage },
		'an announcement': { announcements: { writePatient: outage, tell: async () => {} } },
	}))
		it(`is finished when ${step} fails the first time, and does not count as done before`, async () => {
			await aPastVisit()
			await beginErasure(node!, subject(), actor(), origin)
			await finishErasures({ ...deps(), ...failing }, patient.id)
			expect(await auditOf()).not.to.include('erased')
			await finishErasures(deps(), patient.id)
			await expectForgotten(['cancelled', 'completed'])
			expect((await auditOf()).filter(action => action.startsWith('eras'))).to.deep.equal(['erasure_asked', 'erased'])
		})

	it('happens once when it is requested twice at once', async () => {
		await Promise.all([erase(patient), erase(patient)])
		await expectForgotten()
		expect((await auditOf()).filter(action => action.startsWith('eras'))).to.deep.equal(['erasure_asked', 'erased'])
	})

	it('is repeated when a booking that was decided before is written after it', async () => {
		await erase(patient)
		const [row] = await node!.db('appointments').where({ id: patient.visitId })
		const { id: _, during: __, ...visit } = row
		const [late] = await node!
			.db('appointments')
			.insert({ ...visit, status: 'booked', reason: patient.marks.reason, idempotency_key: 'late' })
			.returning('id')
		await node!.db('appointment_slots').where({ doctor_id: doctor.id, starts_at: visit.starts_at }).update({ appointment_id: late.id })
		await finishErasures(deps(), patient.id)
		expect(await node!.db('appointments').where({ id: late.id }).first('status', 'reason')).to.deep.equal({
			status: 'cancelled',
			reason: null,
		})
		expect(await inconsistencies(node!.db)).to.equal(0)
	})

	it('is for the desk without an account, for admins with one, and never for staff', async () => {
		const [desk, admin] = [await aReceptionist(node!), await anAdmin(node!)]
		const { body: caller } = await call(node!, 'POST', '/patients', {
			token: desk.token,
			body: { fullName: 'Caller Marker', phone: '+49 30 112233', email: 'caller-marker@example.com' },
		})
		await call(node!, 'POST', '/appointments', { token: desk.token, body: { slotId: slots[2], patientId: caller.id } })
		expect((await call(node!, 'DELETE', `/patients/${patient.id}`, { token: desk.token })).status).to.equal(403)
		expect((await call(node!, 'DELETE', `/patients/${caller.id}`, { token: (await aPatient(node!)).token })).status).to.equal(403)
		expect((await call(node!, 'DELETE', `/patients/${caller.id}`, { token: desk.token })).status).to.equal(204)
		for (const [table, text] of await allTables(node!)) expect(text, table).not.to.match(/caller.?marker/i)
		expect((await node!.db('appointments').where({ patient_id: caller.id }).first('status')).status).to.equal('cancelled')

		expect((await call(node!, 'DELETE', `/patients/${patient.id}`, { token: admin.token })).status).to.equal(204)
		await expectForgotten()

		const former = await aPatient(node!)
		await node!.db('users').where({ id: former.id }).update({ role: 'receptionist' })
		expect((await call(node!, 'DELETE', `/patients/${former.id}`, { token: admin.token })).status).to.equal(403)
	})
})
