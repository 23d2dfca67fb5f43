import { expect } from 'chai'
import type { Analytics, AuditEntry, DayListItem } from '../../contract/index.ts'
import { book, cancel, done, reschedule, slotsOf, useDesk } from '../booking/desk.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'

const dateOf = (slot: string) => new Date(Number(slot.split('-')[1]) * 60_000).toISOString().slice(0, 10)

describe('the list of a day', () => {
	const { node, desk, doctor, patient } = useDesk()
	const list = async (query: string, by: Person = desk): Promise<DayListItem[]> =>
		done<{ items: DayListItem[] }>(await call(node, 'GET', `/day-list?${query}`, { token: by.token })).items

	it('has the visits of a doctor in order, without cancelled ones, with what the paper needs', async () => {
		const [first, second, third] = (await slotsOf(node, doctor, { count: 3, minutes: 15 })) as [string, string, string]
		await node.db('patients').where({ id: patient.id }).update({ birth_date: '1980-02-03', phone: '+49 30 123' })
		done(await book(node, patient, second, { reason: 'a cough' }))
		const other = await aPatient(node)
		done(await book(node, other, first))
		done(await cancel(node, desk, done(await book(node, await aPatient(node), third)).id))
		const items = await list(`date=${dateOf(first)}&doctorId=${doctor.id}`, doctor)
		expect(items.map(({ patientName }) => patientName)).to.deep.equal([other.fullName, patient.fullName])
		expect(items[1]).to.deep.include({ birthDate: '1980-02-03', phone: '+49 30 123', reason: 'a cough', doctorName: doctor.fullName })
	})

	it('can be of one site', async () => {
		const site = { name: 'Annex', time_zone: 'UTC' }
		const [{ id: siteId }] = await node.db('sites').insert(site).returning('id')
		const [here, there] = (await slotsOf(node, doctor, { count: 2, minutes: 15 })) as [string, string]
		await node
			.db('appointment_slots')
			.where({ doctor_id: doctor.id, starts_at: new Date(Number(there.split('-')[1]) * 60_000) })
			.update({ site_id: siteId })
		done(await book(node, patient, here))
		const visit = done(await book(node, await aPatient(node), there))
		const items = await list(`date=${dateOf(here)}&siteId=${siteId}`)
		expect(items.map(({ appointmentId, siteName }) => [appointmentId, siteName])).to.deep.equal([[visit.id, 'Annex']])
	})
})

describe('the file of appointments', () => {
	const { node, desk, doctor, patient } = useDesk()

	it('has a line for each visit, and turns no name into a formula', async () => {
		const admin = await anAdmin(node)
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		await node.db('patients').where({ id: patient.id }).update({ full_name: '=HYPERLINK("http://evil.example","x")' })
		done(await reschedule(node, desk, done(await book(node, patient, first)).id, second))
		const query = `from=${dateOf(first)}&to=${dateOf(second)}&doctorId=${doctor.id}`
		const { status, body, headers } = await call<string>(node, 'GET', `/admin/appointments.csv?${query}`, { token: admin.token })
		expect([status, headers.get('content-type')]).to.deep.equal([200, 'text/csv; charset=utf-8'])
		const [header, line, rest] = body.replace('\uFEFF', '').split('\r\n')
		expect(header).to.match(/^"id","date","start"/)
		expect(line).to.include(`"'=HYPERLINK(""http://evil.example"",""x"")"`).and.to.include('"online"').and.match(/,1$/)
		expect(rest).to.equal('')
	})

	it('is as long as the figures may be', async () => {
		const admin = await anAdmin(node)
		const { body } = await call(node, 'GET', '/admin/appointments.csv?from=2031-01-01&to=2032-02-05', { token: admin.token })
		expect(body.code).to.equal('invalid_input')
	})
})

describe('the times of visits', () => {
	const { node, desk, doctor } = useDesk()

	it('give how long patients waited and how late visits began', async () => {
		const site = (await node.db('sites').first('id')).id
		const slots = await slotsOf(node, doctor, { count: 4, minutes: 15 })
		const at = (startsAt: string, minutes: number) => new Date(Date.parse(startsAt) + minutes * 60_000)
		const days: [arrives: number | null, begins: number | null][] = [
			[-10, 5],
			[4, 20],
			[null, 0],
			[-5, null],
		]
		for (const [index, [arrives, begins]] of days.entries()) {
			const { id, startsAt } = done(await book(node, desk, slots[index] as string, { patientId: (await aPatient(node)).id }))
			await node.db('visit_times').where({ appointment_id: id }).delete()
			await node.db('visit_times').insert({
				appointment_id: id,
				checked_in_at: arrives === null ? null : at(startsAt, arrives),
				started_at: begins === null ? null : at(startsAt, begins),
				site_id: site,
				day: startsAt.slice(0, 10),
				ticket_number: index + 1,
			})
		}
		const admin = await anAdmin(node)
		const query = `from=${dateOf(slots[0])}&to=${dateOf(slots[0])}&doctorId=${doctor.id}`
		const { waiting, punctuality } = done<Analytics>(await call(node, 'GET', `/admin/analytics?${query}`, { token: admin.token }))
		// One waited from the agreed time on for 5 minutes, one from the own arrival on for 16.
		expect(waiting).to.deep.equal({ visits: 2, medianMinutes: 10.5, p90Minutes: 14.9 })
		expect(punctuality.visits).to.equal(3)
		expect(punctuality.medianMinutesLate).to.equal(5)
		expect(punctuality.onTimeRate).to.be.closeTo(2 / 3, 0.001)
	})
})

describe('the audit log of a patient', () => {
	const { node, desk, doctor, patient } = useDesk()

	it('has what was done to the file, the account and the visits, with what changed, and nothing of others', async () => {
		const admin = await anAdmin(node)
		const [first, second, third] = (await slotsOf(node, doctor, { count: 3 })) as [string, string, string]
		const visit = done(await book(node, patient, first))
		done(await reschedule(node, desk, visit.id, second))
		done(await book(node, await aPatient(node), third))
		await call(node, 'PATCH', `/patients/${patient.id}`, { token: desk.token, body: { birthDate: '1980-02-03' } })
		await call(node, 'PATCH', `/admin/users/${patient.id}`, { token: admin.token, body: { fullName: 'New Name' } })
		const audit = async (query: string): Promise<AuditEntry[]> =>
			done<{ items: AuditEntry[] }>(await call(node, 'GET', `/admin/audit?${query}`, { token: admin.token })).items
		const entries = await audit(`patientId=${patient.id}`)
		expect(entries.map(({ action, entity }) => `${action} ${entity}`)).to.deep.equal([
			'updated user',
			'updated patient',
			'rescheduled appointment',
			'booked appointment',
		])
		const moved = entries[2]!
		expect(moved).to.deep.include({
			patientId: patient.id,
			patientName: (await node.db('patients').where({ id: patient.id }).first()).full_name,
		})
		expect(moved.details.from).to.deep.include({ doctorId: doctor.id, startsAt: visit.startsAt })
		expect((moved.details.to as { startsAt: string }).startsAt).to.equal(new Date(Number(second.split('-')[1]) * 60_000).toISOString())
		for (const unknown of ['999999999', 'nonsense', '-1']) expect(await audit(`patientId=${unknown}`)).to.deep.equal([])
	})

	it('finds entries of versions that did not name the patient', async () => {
		const admin = await anAdmin(node)
		const other = await aDoctor(node)
		const [slot] = await slotsOf(node, other)
		const visit = done(await book(node, patient, slot))
		await node.db('audit_log').insert({ action: 'cancelled', entity: 'appointment', entity_id: visit.id, details: {} })
		const { items } = done<{ items: AuditEntry[] }>(
			await call(node, 'GET', `/admin/audit?patientId=${patient.id}&entity=appointment`, { token: admin.token }),
		)
		expect(items.map(({ action, patientId }) => [action, patientId])).to.deep.equal([
			['cancelled', patient.id],
			['booked', patient.id],
		])
	})
})
