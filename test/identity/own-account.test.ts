import { expect } from 'chai'
import { call } from '../support/http.ts'
import { aPatient, aReceptionist, aSession } from '../support/people.ts'
import { refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

const fresh = 'a brand-new password'

describe('one’s own account', () => {
	const desk = useFrontDesk()
	const me = (token: string) => call(desk, 'GET', '/me', { token })
	const change = (token: string, body: Record<string, unknown>) => call(desk, 'PATCH', '/me', { token, body })

	it('shows only the fields of the contract', async () => {
		const { id, email, fullName, token } = await aReceptionist(desk)
		expect((await me(token)).body).to.deep.equal({ id, email, fullName, role: 'receptionist', status: 'active' })
	})

	it('keeps name and phone the same in the patient file', async () => {
		const { id, token } = await aPatient(desk, { phone: '+1 555 0100' })
		const { status, body } = await change(token, { fullName: 'New Name', phone: '+1 555 0199' })
		expect(status).to.equal(200)
		expect(body).to.include({ fullName: 'New Name', phone: '+1 555 0199' })
		expect(await desk.db('patients').where({ id }).first()).to.include({ full_name: 'New Name', phone: '+1 555 0199' })
		await change(token, { phone: null })
		expect(await desk.db('patients').where({ id }).first()).to.include({ full_name: 'New Name', phone: null })
		expect((await me(token)).body).not.to.have.property('phone')
	})

	it('ignores fields that its owner may not change', async () => {
		const { token } = await aPatient(desk)
		const before = (await me(token)).body
		const { status, body } = await change(token, { role: 'admin', status: 'pending', email: 'other@example.com' })
		expect(status).to.equal(200)
		expect(body).to.deep.equal(before)
	})

	it('changes the password only with the current one', async () => {
		const patient = await aPatient(desk)
		expect(refusalOf(await change(patient.token, { password: fresh }))).to.equal('400 invalid_input')
		const wrong = await change(patient.token, { password: fresh, currentPassword: 'a guess', fullName: 'Nobody' })
		expect(refusalOf(wrong)).to.equal('401 invalid_credentials')
		expect((await me(patient.token)).body.fullName).to.equal(patient.fullName)
		expect((await signInAs(desk, patient)).status).to.equal(200)
	})

	it('ends every other session with a new password', async () => {
		const patient = await aPatient(desk)
		const elsewhere = await aSession(desk, { id: patient.id, role: 'patient' })
		const { status } = await change(patient.token, { password: fresh, currentPassword: patient.password })
		expect(status).to.equal(200)
		expect((await me(patient.token)).status).to.equal(200)
		expect(refusalOf(await me(elsewhere))).to.equal('401 unauthenticated')
		expect((await signInAs(desk, { ...patient, password: fresh })).status).to.equal(200)
		expect(refusalOf(await signInAs(desk, patient))).to.equal('401 invalid_credentials')
		expect(desk.cutOffs).to.include(patient.id)
	})

	it('records in the audit log which fields changed, not their values', async () => {
		const { id, token, password } = await aPatient(desk)
		await change(token, { phone: '+1 555 0123', password: fresh, currentPassword: password })
		const [entry] = await desk.db('audit_log').where({ entity_id: id, action: 'updated' })
		expect(entry).to.include({ actor_id: id, entity: 'user' })
		expect(entry.details).to.deep.equal({ fields: ['phone', 'password'] })
	})
})
