import { expect } from 'chai'
import { PersonalData } from '../../contract/index.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aMarkedPatient, type MarkedPatient } from './a-patient.ts'

describe('the export of a patient’s data', () => {
	const node = useNode()
	let doctor: Person
	let patient: MarkedPatient
	before(async () => {
		doctor = await aDoctor(node, { fullName: 'Dr. Open', specialty: 'Dermatology' })
		const [visit, cancelled] = await someSlots(node, doctor.id, { count: 2 })
		patient = await aMarkedPatient(node, [visit!, cancelled!])
	})

	async function exported(token: string, path = '/me/export'): Promise<PersonalData> {
		const { status, body } = await call(node, 'GET', path, { token })
		expect(status, JSON.stringify(body)).to.equal(200)
		return PersonalData.strict().parse(body)
	}

	it('has account, file, preferences, visits, messages, devices, sessions and audit log', async () => {
		const desk = await aReceptionist(node)
		await call(node, 'GET', `/patients/${patient.id}`, { token: desk.token })
		const all = await exported(patient.token)
		const { fullName, email, phone, birthDate, reason, cancelReason } = patient.marks
		expect(all.account).to.deep.include({ id: patient.id, email, fullName, phone, role: 'patient', status: 'active' })
		expect(all).to.deep.include({ notes: patient.marks.notes, tags: [patient.marks.tag], mayBookOnline: true })
		expect(all.changes.map(({ field, to }: { field: string; to: unknown }) => [field, to])).to.deep.equal([['notes', patient.marks.notes]])
		expect(all.patient).to.deep.include({ id: patient.id, fullName, phone, email, birthDate, userId: patient.id })
		expect(all.preferences).to.deep.equal({ email: true, sms: true, push: true, language: 'es', timeZone: 'Europe/Madrid' })
		expect(all.appointments.map(({ id, status }) => `${id} ${status}`)).to.deep.equal([
			`${patient.visitId} booked`,
			`${patient.cancelledId} cancelled`,
		])
		expect(all.appointments[0]).to.deep.include({ doctorName: 'Dr. Open', specialty: 'Dermatology', reason, bookedBy: 'you' })
		expect(all.appointments[1]).to.deep.include({ reason, cancelReason })
		const stored = await node.db('notification_queue').whereIn('appointment_id', [patient.visitId, patient.cancelledId])
		expect(stored.length).to.be.greaterThan(2)
		expect(all.notifications.map(({ id }) => id)).to.have.members(stored.map(({ id }) => id))
		expect(all.devices).to.have.length(1)
		expect(all.devices[0]?.service).to.equal('push.example')
		expect(all.sessions).to.have.length(1)
		expect(all.audit.filter(({ by }) => by === 'you').map(({ action }) => action)).to.include.members(['chose_notifications', 'booked'])
		expect(all.audit.find(({ action }) => action === 'viewed')).to.include({ by: 'the clinic', entity: 'patient', entityId: patient.id })
	})

	it('has no secret: no hash, no token, no address of a device, no name of staff', async () => {
		const desk = await aReceptionist(node, { fullName: 'Marker Desk' })
		await call(node, 'GET', `/patients/${patient.id}`, { token: desk.token })
		const text = JSON.stringify(await exported(patient.token))
		const account = await node.db('users').where({ id: patient.id }).first()
		expect(text).not.to.contain(patient.marks.device)
		expect(text).not.to.contain(account.password_hash)
		expect(text).not.to.match(/argon2|BBBB|AAAA|token_?hash|Marker Desk/i)
		expect(text).not.to.contain(desk.email)
	})

	it('is recorded in the audit log', async () => {
		await exported(patient.token)
		const [last] = await node.db('audit_log').where({ action: 'exported' }).orderBy('id', 'desc').limit(1)
		expect(last).to.deep.include({ actor_id: patient.id, entity: 'patient', entity_id: patient.id })
	})

	it('has nothing about other patients', async () => {
		const other = await aPatient(node)
		const text = JSON.stringify(await exported(other.token))
		for (const mark of Object.values(patient.marks)) expect(text).not.to.contain(mark)
		expect(JSON.parse(text).appointments).to.deep.equal([])
	})

	it('is for the desk when the patient has no account, and for admins when the patient has one', async () => {
		const [desk, admin] = [await aReceptionist(node), await anAdmin(node)]
		const { body: caller } = await call(node, 'POST', '/patients', {
			token: desk.token,
			body: { fullName: 'A Caller', phone: '+49 30 998877' },
		})
		const all = await exported(desk.token, `/patients/${caller.id}/export`)
		expect(all).to.deep.include({ account: null, sessions: [], devices: [] })
		expect(all.patient).to.include({ fullName: 'A Caller', phone: '+49 30 998877' })
		const { status, body } = await call(node, 'GET', `/patients/${patient.id}/export`, { token: desk.token })
		expect(`${status} ${body.code}`).to.equal('403 forbidden')
		expect((await exported(admin.token, `/patients/${patient.id}/export`)).patient.fullName).to.equal(patient.marks.fullName)
	})

	it('is refused to all others', async () => {
		const attempts = [
			[doctor.token, '/me/export', 403],
			[undefined, '/me/export', 401],
			[(await aPatient(node)).token, `/patients/${patient.id}/export`, 403],
			[doctor.token, `/patients/${patient.id}/export`, 403],
			[(await anAdmin(node)).token, '/patients/987654321/export', 404],
			[(await anAdmin(node)).token, '/patients/nonsense/export', 404],
		] as const
		for (const [token, path, expected] of attempts)
			expect((await call(node, 'GET', path, token ? { token } : {})).status, `${path}`).to.equal(expected)
	})
})
