import { expect } from 'chai'
import { PatientCard } from '../../contract/index.ts'
import { book, cancel, done, slotsOf } from '../booking/desk.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'

describe('a patient’s card', () => {
	const node = useNode()
	let desk: Person
	let doctor: Person
	before(async () => {
		desk = await aReceptionist(node, { fullName: 'The Desk' })
		doctor = await aDoctor(node)
	})
	afterEach(closeSockets)

	const cardOf = async (id: string) => PatientCard.parse((await call(node, 'GET', `/patients/${id}`, { token: desk.token })).body)
	const patch = (id: string, body: unknown) => call(node, 'PATCH', `/patients/${id}`, { token: desk.token, body })
	let hours = 24
	const nextHour = () => ({ from: new Date(Math.ceil(Date.now() / 3_600_000 + hours++) * 3_600_000) })
	const aVisit = async (patient: Person, values: Record<string, unknown>) => {
		const [slot] = (await slotsOf(node, doctor, { count: 1, minutes: 15, ...nextHour() })) as [string]
		const { id } = done<{ id: string }>(await book(node, patient, slot))
		const type = await node.db('appointment_types').first('id')
		await node
			.db('appointments')
			.where({ id })
			.update({ type_id: type.id, ...values })
		return id
	}
	const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)

	it('says how often the patient did not come or cancelled late, and which visits were last and are next', async () => {
		const patient = await aPatient(node)
		expect(await cardOf(patient.id)).to.deep.include({ noShows: 0, cancelledLate: 0, lastVisit: null, nextVisit: null })
		const past = (hours: number) => ({ starts_at: hoursAgo(hours), ends_at: hoursAgo(hours - 0.25) })
		await aVisit(patient, { ...past(500), status: 'no_show' })
		await aVisit(patient, { ...past(400), status: 'completed' })
		const last = await aVisit(patient, { ...past(300), status: 'completed' })
		await aVisit(patient, { ...past(200), status: 'cancelled', updated_at: hoursAgo(200.1) })
		await aVisit(patient, { ...past(100), status: 'cancelled', updated_at: hoursAgo(1000) })
		const next = await aVisit(patient, {})
		const card = await cardOf(patient.id)
		expect(card).to.deep.include({ noShows: 1, cancelledLate: 1 })
		expect([card.lastVisit?.id, card.nextVisit?.id]).to.deep.equal([last, next])
		expect(card.nextVisit).to.deep.include({ doctorName: doctor.fullName, status: 'booked' })
	})

	it('does not count what the doctor cancelled, nor what was taken back at once', async () => {
		const patient = await aPatient(node)
		const byDoctor = await aVisit(patient, {})
		done(await cancel(node, doctor, byDoctor))
		const undone = await aVisit(patient, {})
		done(await cancel(node, desk, undone))
		await node.db('audit_log').insert({ action: 'undone', entity: 'appointment', entity_id: undone, details: { undoes: 'booked' } })
		await node
			.db('appointments')
			.whereIn('id', [byDoctor, undone])
			.update({ starts_at: hoursAgo(-0.01), ends_at: hoursAgo(-0.26) })
		expect((await cardOf(patient.id)).cancelledLate).to.equal(0)
	})

	it('keeps notes and tags, and says who changed what, from what to what, and when', async () => {
		const patient = await aPatient(node, { fullName: 'Ada Byron' })
		expect(await cardOf(patient.id)).to.deep.include({ notes: '', tags: [], mayBookOnline: true, lastChange: null })
		const changed = await patch(patient.id, { notes: ' Needs a ramp ', tags: ['wheelchair', 'wheelchair'], fullName: 'Ada Lovelace' })
		expect(changed.body).to.deep.include({ notes: 'Needs a ramp', tags: ['wheelchair'], fullName: 'Ada Lovelace' })
		expect((await patch(patient.id, { notes: '' })).body.notes).to.equal('')
		const { lastChange } = await cardOf(patient.id)
		expect(lastChange?.by).to.deep.equal({ name: desk.fullName, role: 'receptionist' })
		const { body } = await call(node, 'GET', `/patients/${patient.id}/changes`, { token: desk.token })
		expect(body.items.map(({ field, from, to }: Record<string, unknown>) => [field, from, to])).to.deep.equal([
			['notes', 'Needs a ramp', null],
			['tags', [], ['wheelchair']],
			['notes', null, 'Needs a ramp'],
			['fullName', 'Ada Byron', 'Ada Lovelace'],
		])
		expect(body.items[0].by).to.deep.equal({ name: desk.fullName, role: 'receptionist' })
		const audit = await node.db('audit_log').where({ entity: 'patient', entity_id: patient.id, action: 'updated' })
		expect(JSON.stringify(audit), 'the audit log cannot forget').not.to.match(/ramp|wheelchair|Lovelace/)
	})

	it('refuses notes and tags that are too long, too many or not text', async () => {
		const { id } = await aPatient(node)
		const bad = [{ notes: 'x'.repeat(4001) }, { notes: 7 }, { notes: 'a\u0000' }, { tags: ['x'.repeat(41)] }, { tags: Array(21).fill('a') }]
		for (const body of [...bad, { tags: [''] }, { tags: 'vip' }, { mayBookOnline: 'no' }])
			expect((await patch(id, body)).status, JSON.stringify(body).slice(0, 40)).to.equal(400)
	})

	describe('of a patient who may not book online', () => {
		it('refuses holds and bookings of the patient’s own, on every way, and keeps what is booked', async () => {
			const patient = await aPatient(node)
			const slots = await slotsOf(node, doctor, { count: 4, minutes: 15, ...nextHour() })
			const slotId = slots.pop() as string
			const booked = done<{ id: string }>(await book(node, patient, slots.pop() as string))
			const socket = await aSocket(node, patient.token)
			expect((await patch(patient.id, { mayBookOnline: false })).body.mayBookOnline).to.equal(false)
			const audit = await node.db('audit_log').where({ entity: 'patient', entity_id: patient.id, action: 'updated' }).first()
			expect(audit.details).to.deep.include({ from: { mayBookOnline: true }, to: { mayBookOnline: false } })
			const asPatient = { token: patient.token }
			const hold = await call(node, 'POST', `/slots/${slotId}/hold`, { ...asPatient, body: {} })
			expect([hold.status, hold.body.code]).to.deep.equal([403, 'forbidden'])
			const own = await call(node, 'POST', '/appointments', { ...asPatient, body: { slotId } })
			expect([own.status, own.body.code]).to.deep.equal([403, 'forbidden'])
			const late = Date.now() + 5000
			let answer: { ok: boolean; error?: { code: string } }
			do answer = await socket.emitWithAck('slot:hold', { slotId })
			while (answer.ok && Date.now() < late && (await socket.emitWithAck('slot:release', { slotId })))
			expect(answer.error?.code, 'an open socket learns of it').to.equal('forbidden')
			expect((await call(node, 'GET', `/appointments/${booked.id}`, asPatient)).body.status).to.equal('booked')
			expect((await call(node, 'POST', `/appointments/${booked.id}/cancel`, { ...asPatient, body: {} })).status).to.equal(200)
		})

		it('lets the desk and the doctor book', async () => {
			const patient = await aPatient(node)
			await patch(patient.id, { mayBookOnline: false })
			const slots = await slotsOf(node, doctor, { count: 2, minutes: 15, ...nextHour() })
			for (const [at, { token }] of [desk, doctor].entries()) {
				const body = { slotId: slots[at] as string, patientId: patient.id }
				expect((await call(node, 'POST', '/appointments', { token, body })).status).to.equal(201)
			}
		})
	})

	describe('for the doctor', () => {
		const asDoctor = (who: Person, doctorId: string, patientId: string) =>
			call(node, 'GET', `/doctors/${doctorId}/patients/${patientId}`, { token: who.token })

		it('has visits in the doctor’s own calendar only, and is for no other doctor', async () => {
			const patient = await aPatient(node, { phone: '+49 30 777' })
			const other = await aDoctor(node)
			expect((await asDoctor(doctor, doctor.id, patient.id)).status, 'without a visit there').to.equal(404)
			const visit = await aVisit(patient, { reason: 'A cough' })
			await patch(patient.id, { notes: 'Hard of hearing' })
			const { body } = await asDoctor(doctor, doctor.id, patient.id)
			expect(body).to.deep.include({ id: patient.id, fullName: patient.fullName, phone: '+49 30 777', notes: 'Hard of hearing' })
			expect(body).not.to.have.any.keys('email')
			expect(body.visits.map(({ id, reason }: Record<string, string>) => [id, reason])).to.deep.equal([[visit, 'A cough']])
			expect((await asDoctor(other, doctor.id, patient.id)).status).to.equal(403)
			expect((await asDoctor(other, other.id, patient.id)).status).to.equal(404)
			expect((await asDoctor(await anAdmin(node), doctor.id, patient.id)).status).to.equal(200)
			expect((await asDoctor(await aPatient(node), doctor.id, patient.id)).status).to.equal(403)
			const read = await node.db('audit_log').where({ actor_id: doctor.id, entity: 'patient', entity_id: patient.id, action: 'viewed' })
			expect(read).to.have.lengthOf(1)
		})
	})
})
