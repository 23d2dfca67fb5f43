import { expect } from 'chai'
import { AppointmentType, pageOf } from '../../contract/index.ts'
import { book, cancel, codeOf, done } from '../booking/desk.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'

describe('kinds of appointment', () => {
	const node = useNode()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const list = async (query = '', token?: string): Promise<AppointmentType[]> =>
		pageOf(AppointmentType).parse((await call(node, 'GET', `/appointment-types${query}`, { ...(token && { token }) })).body).items
	const names = async (query = '', token?: string) => (await list(query, token)).map(({ name }) => name)
	const create = (body: unknown, token = admin.token) => call(node, 'POST', '/appointment-types', { token, body })
	const change = (id: string, body: unknown) => call(node, 'PATCH', `/appointment-types/${id}`, { token: admin.token, body })

	const plain = {
		bufferMinutes: 0,
		minNoticeMinutes: 0,
		visibility: 'public',
		doctors: 'all',
		archived: false,
	}

	it('begin with a consultation that all doctors offer', async () => {
		const [type] = await list()
		expect(type).to.deep.equal({ id: type?.id, name: 'Consultation', minutes: 15, ...plain })
	})

	it('need a name and minutes, and can have much more', async () => {
		expect((await create({ name: 'Quick look', minutes: 10 })).body).to.deep.include({ name: 'Quick look', minutes: 10, ...plain })
		const doctor = await aDoctor(node)
		const fields = {
			name: 'Vaccination',
			description: 'Against influenza',
			instructions: 'Bring your card',
			minutes: 15,
			bufferMinutes: 5,
			minNoticeMinutes: 120,
			maxDaysAhead: 30,
			dailyLimit: 12,
			price: '€ 40',
			visibility: 'public',
			color: '#aa00ff',
			doctors: [{ doctorId: doctor.id, minutes: 20 }],
			names: { de: 'Impfung', 'pt-BR': 'Vacinação' },
		}
		const { status, body } = await create({ ...fields, names: { DE: 'Impfung', 'pt-br': 'Vacinação' } })
		expect(status).to.equal(201)
		expect(body).to.deep.equal({ id: body.id, ...fields, archived: false })
		expect((await list()).at(-1), 'at the end, for everyone to read').to.deep.equal(body)
	})

	it('change field by field: what is left out stays, null removes', async () => {
		const { id } = (await create({ name: 'Check-up', minutes: 30, price: '€ 60', dailyLimit: 3 })).body
		const { body } = await change(id, { minutes: 45, price: null, archived: false })
		expect(body).to.include({ name: 'Check-up', minutes: 45, dailyLimit: 3 }).and.not.to.have.property('price')
		expect(codeOf(await change('424242', { minutes: 5 }))).to.equal('not_found')
		const entry = await node.db('audit_log').where({ entity: 'appointment_type', entity_id: id, action: 'updated' }).first()
		expect(entry.actor_id).to.equal(admin.id)
		expect(entry.details.changes).to.deep.equal({ minutes: 45, price: null, archived: false })
	})

	it('refuse what cannot be', async () => {
		expect(codeOf(await create({ name: 'Consultation', minutes: 15 })), 'a name that is used').to.equal('invalid_input')
		for (const wrong of [
			{ minutes: 4 },
			{ minutes: 481 },
			{ bufferMinutes: -1 },
			{ maxDaysAhead: 0 },
			{ dailyLimit: 0 },
			{ visibility: 'secret' },
			{ doctors: [{ doctorId: '424242' }] },
			{ doctors: [{ doctorId: 'x' }] },
			{ names: { 'no language': 'x' } },
			{ color: 'blue' },
		])
			expect(codeOf(await create({ name: 'Wrong', minutes: 15, ...wrong })), JSON.stringify(wrong)).to.equal('invalid_input')
		expect(codeOf(await create({ name: 'Mine', minutes: 15 }, (await aReceptionist(node)).token))).to.equal('forbidden')
	})

	it('that are for staff only are not shown to patients', async () => {
		await create({ name: 'Emergency', minutes: 30, visibility: 'staff' })
		const [patient, doctor, desk] = [await aPatient(node), await aDoctor(node), await aReceptionist(node)]
		for (const token of [undefined, patient.token]) expect(await names('', token)).not.to.include('Emergency')
		for (const token of [doctor.token, desk.token, admin.token]) expect(await names('', token)).to.include('Emergency')
	})

	it('of one doctor are those that the doctor offers, in the time that the doctor takes', async () => {
		const [slow, quick, neither] = [await aDoctor(node), await aDoctor(node), await aDoctor(node)]
		const doctors = [{ doctorId: slow.id, minutes: 50 }, { doctorId: quick.id }]
		const { id } = (await create({ name: 'Surgery', minutes: 40, doctors })).body
		const minutesOf = async (doctor: Person) => (await list(`?doctorId=${doctor.id}`)).find(type => type.id === id)?.minutes
		expect(await minutesOf(slow)).to.equal(50)
		expect(await minutesOf(quick)).to.equal(40)
		expect(await minutesOf(neither)).to.equal(undefined)
		expect(await names(`?doctorId=${neither.id}`)).to.include('Consultation')
		await change(id, { doctors: 'all' })
		expect(await minutesOf(neither)).to.equal(40)
	})

	it('are archived when no future visit is of them, and are then shown only when asked for', async () => {
		const { id } = (await create({ name: 'Old kind', minutes: 30 })).body
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const [slot = ''] = await someSlots(node, doctor.id)
		const visit = done(await book(node, patient, slot, { typeId: id }))
		const refused = await change(id, { archived: true })
		expect(codeOf(refused)).to.equal('in_use')
		expect(refused.body.conflicts).to.deep.equal([visit.id])
		done(await cancel(node, patient, visit.id))
		expect((await change(id, { archived: true })).body.archived).to.equal(true)
		expect(await names()).not.to.include('Old kind')
		expect(await names('?archived=true')).to.include('Old kind')
		expect((await change(id, { archived: false })).body.archived).to.equal(false)
	})

	it('are not archived past a visit that is just being booked', async () => {
		const { id } = (await create({ name: 'Just being booked', minutes: 30 })).body
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const trx = await node.db.transaction()
		const at = new Date(Date.now() + 86_400_000)
		await trx('appointments').insert({
			doctor_id: doctor.id,
			patient_id: patient.id,
			type_id: id,
			starts_at: at,
			ends_at: new Date(at.getTime() + 600_000),
			slot_starts: [at],
			booked_by: patient.id,
			idempotency_key: 'at the same time',
		})
		const archiving = change(id, { archived: true })
		const isFirst = await Promise.race([archiving.then(() => true), new Promise(resolve => setTimeout(resolve, 300))])
		expect(isFirst, 'it waits').to.equal(undefined)
		await trx.commit()
		expect(codeOf(await archiving)).to.equal('in_use')
	})

	it('that were changed are booked as they are now', async () => {
		const { id } = (await create({ name: 'Growing', minutes: 30 })).body
		const doctor = await aDoctor(node)
		const [first = '', second = ''] = await someSlots(node, doctor.id, { count: 4 })
		expect(done(await book(node, await aPatient(node), first, { typeId: id })).slotIds).to.have.length(1)
		await change(id, { minutes: 60 })
		expect(done(await book(node, await aPatient(node), second, { typeId: id })).slotIds).to.have.length(2)
	})

	it('that come first when nothing else is asked for are not archived ones', async () => {
		const [consultation] = await list()
		await change(consultation!.id, { archived: true })
		const doctor = await aDoctor(node)
		const [slot = ''] = await someSlots(node, doctor.id)
		const visit = done(await book(node, await aPatient(node), slot))
		expect(visit.typeId)
			.to.equal((await list())[0]?.id)
			.and.not.to.equal(consultation!.id)
		await change(consultation!.id, { archived: false })
	})
})
