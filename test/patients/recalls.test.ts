import { expect } from 'chai'
import { Recall } from '../../contract/index.ts'
import { codeOf, done } from '../booking/desk.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

describe('the call list', () => {
	const node = useNode()
	let desk: Person
	let doctor: Person
	before(async () => {
		;[desk, doctor] = [await aReceptionist(node), await aDoctor(node)]
	})

	const remember = (body: object, by = desk) => call(node, 'POST', '/recalls', { token: by.token, body })
	const change = (id: string, body: object) => call(node, 'PATCH', `/recalls/${id}`, { token: desk.token, body })
	const list = async (asked = '') =>
		done<{ items: Recall[]; nextCursor: string | null }>(await call(node, 'GET', `/recalls?${asked}`, { token: desk.token }))

	it('has the patients to call by date, with their phone, until they are booked or dropped', async () => {
		const patient = await aPatient(node, { phone: '+49 30 5550199' })
		const later = done<Recall>(await remember({ patientId: patient.id, dueOn: '2095-06-01', doctorId: doctor.id, note: 'Check the scar' }))
		const sooner = done<Recall>(await remember({ patientId: patient.id, dueOn: '2095-05-01' }))
		expect(Recall.parse(later)).to.include({
			patientName: patient.fullName,
			phone: '+49 30 5550199',
			doctorName: doctor.fullName,
			status: 'waiting',
		})
		expect((await list('until=2095-12-31')).items.map(({ id }) => id)).to.deep.equal([sooner.id, later.id])
		expect((await list('until=2095-05-31')).items.map(({ id }) => id)).to.deep.equal([sooner.id])
		const page = await list('limit=1')
		expect((await list(`limit=1&cursor=${page.nextCursor}`)).items.map(({ id }) => id)).to.deep.equal([later.id])
		expect(done<Recall>(await change(sooner.id, { status: 'booked' })).status).to.equal('booked')
		expect(done<Recall>(await change(later.id, { note: null, dueOn: '2095-07-01' })))
			.to.include({ dueOn: '2095-07-01' })
			.and.not.to.have.property('note')
		expect((await list()).items.map(({ id }) => id)).to.deep.equal([later.id])
		expect((await list('status=booked')).items.map(({ id }) => id)).to.deep.equal([sooner.id])
		const audited = await node.db('audit_log').where({ entity: 'recall', entity_id: sooner.id, action: 'updated' }).first()
		expect(audited.details).to.deep.equal({ fields: ['status'], from: 'waiting', to: 'booked' })
	})

	it('refuses what there is not, and what is no date', async () => {
		const { id: patientId } = await aPatient(node)
		for (const body of [
			{ patientId: '999999999', dueOn: '2095-01-01' },
			{ patientId, dueOn: '2095-01-01', doctorId: patientId },
		])
			expect(codeOf(await remember(body))).to.equal('not_found')
		expect(codeOf(await remember({ patientId, dueOn: 'soon' }))).to.equal('invalid_input')
		expect(codeOf(await change('999999999', { status: 'booked' }))).to.equal('not_found')
		expect(codeOf(await call(node, 'GET', '/recalls?cursor=x', { token: desk.token }))).to.equal('invalid_input')
		expect(codeOf(await remember({ patientId, dueOn: '2095-01-01' }, doctor))).to.equal('forbidden')
	})

	it('is part of a patient’s data, and forgets a patient who is erased', async () => {
		const [patient, admin] = [await aPatient(node), await anAdmin(node)]
		const { id } = done<Recall>(await remember({ patientId: patient.id, dueOn: '2095-05-01', note: 'Allergy test' }))
		const data = (await call(node, 'GET', '/me/export', { token: patient.token })).body
		expect(data.recalls).to.have.length(1)
		expect(data.recalls[0]).to.include({ dueOn: '2095-05-01', note: 'Allergy test', status: 'waiting' })
		expect((await call(node, 'DELETE', `/patients/${patient.id}`, { token: admin.token })).status).to.equal(204)
		await waitFor(async () => (await node.db('recalls').where({ id })).length === 0, 'the recall to be removed')
		expect(codeOf(await remember({ patientId: patient.id, dueOn: '2095-05-01' }))).to.equal('not_found')
	})
})
