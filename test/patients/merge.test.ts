import { expect } from 'chai'
import type { Patient } from '../../contract/index.ts'
import { done, slotsOf } from '../booking/desk.ts'
import { soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'

describe('two files of one patient', () => {
	const node = useNode()
	let desk: Person
	let doctor: Person
	before(async () => {
		desk = await aReceptionist(node, { fullName: 'The Desk' })
		doctor = await aDoctor(node)
	})
	afterEach(closeSockets)

	let hours = 24
	const nextHour = () => ({ from: new Date(Math.ceil(Date.now() / 3_600_000 + hours++) * 3_600_000) })
	const asDesk = (method: string, path: string, body?: unknown) => call(node, method, path, { token: desk.token, body })
	const aCaller = async (input: Record<string, string> = {}): Promise<Person> => {
		const { body } = await asDesk('POST', '/patients', { fullName: 'Jürgen Müller', phone: '030 1234567', ...input })
		return { ...body, token: desk.token }
	}
	const visitFor = async ({ id: patientId }: Pick<Person, 'id'>, who: Person = doctor) => {
		const [slotId] = await slotsOf(node, who, { count: 1, minutes: 15, ...nextHour() })
		return done<{ id: string; startsAt: string }>(await asDesk('POST', '/appointments', { slotId, patientId }))
	}
	const merge = (id: string, otherId: string) => asDesk('POST', `/patients/${id}/merge`, { otherId })
	const undo = (id: string) => asDesk('POST', `/patients/${id}/merge/undo`)
	const ownerOf = async (id: string) => String((await node.db('appointments').where({ id }).first('patient_id')).patient_id)

	it('are found before a second one is made: the same name, however it is spelt, and the same number in any form', async () => {
		await node.db('clinic').update({ address: JSON.stringify({ line: 'Platz 1', city: 'Berlin', country: 'DE' }) })
		const known = await aCaller({ fullName: 'Zacharias Großmüller', phone: '030 7654321', birthDate: '1950-01-02' })
		const found = async (fullName: string, phone: string, birthDate?: string) =>
			(await asDesk('POST', '/patients/duplicates', { fullName, phone, birthDate })).body.items.map(({ id }: Patient) => id)
		for (const name of ['Zacharias Großmüller', 'Grossmueller Zacharias', 'zacharias grossmuller'])
			expect(await found(name, '+49 30 7654321'), name).to.deep.equal([known.id])
		expect(await found('Zacharias Großmüller', '0176 1', '1950-01-02'), 'the same birthday').to.deep.equal([known.id])
		expect(await found('Zacharias Großmüller', '+49 30 7654322')).to.deep.equal([])
		expect(await found('Maria Großmüller', '+49 30 7654321'), 'a family with one telephone').to.deep.equal([])
	})

	it('become one, with the visits of both, and what one of them lacked', async () => {
		const kept = await aCaller()
		const other = await aCaller({ email: 'jm@example.com', birthDate: '1970-05-06' })
		await asDesk('PATCH', `/patients/${kept.id}`, { notes: 'One', tags: ['a'] })
		await asDesk('PATCH', `/patients/${other.id}`, { notes: 'Two', tags: ['a', 'b'], mayBookOnline: false })
		const visits = [await visitFor(kept), await visitFor(other)]
		const recall = done<{ id: string }>(await asDesk('POST', '/recalls', { patientId: other.id, dueOn: '2095-05-01' }))
		const { status, body } = await merge(kept.id, other.id)
		expect(status).to.equal(200)
		expect(body).to.deep.include({ id: kept.id, email: 'jm@example.com', birthDate: '1970-05-06', notes: 'One\n\nTwo', tags: ['a', 'b'] })
		expect([body.mayBookOnline, body.lastMerge.fullName]).to.deep.equal([false, 'Jürgen Müller'])
		expect((await asDesk('GET', `/patients/${other.id}`)).status).to.equal(404)
		for (const { id } of visits) expect(await ownerOf(id)).to.equal(kept.id)
		expect((await node.db('recalls').where({ id: recall.id }).first()).patient_id).to.equal(kept.id)
		const audit = await node.db('audit_log').where({ entity: 'patient', entity_id: kept.id, action: 'merged' }).first()
		expect(audit).to.deep.include({ actor_id: desk.id, details: { patientId: other.id } })
	})

	it('are two again after an undo, and keep what was changed in between', async () => {
		const kept = await aCaller()
		const other = await aCaller({ fullName: 'J. Müller', email: 'jm@example.com', birthDate: '1970-05-06' })
		await asDesk('PATCH', `/patients/${other.id}`, { notes: 'Two' })
		const [mine, theirs] = [await visitFor(kept), await visitFor(other)]
		await merge(kept.id, other.id)
		const later = await visitFor(kept)
		await asDesk('PATCH', `/patients/${kept.id}`, { birthDate: '1971-01-01' })
		const { status, body } = await undo(kept.id)
		expect(status).to.equal(200)
		expect(body).to.deep.include({ id: kept.id, birthDate: '1971-01-01', notes: '', lastMerge: null })
		expect(body).not.to.have.any.keys('email')
		const restored = (await asDesk('GET', `/patients/${other.id}`)).body
		expect(restored).to.deep.include({ fullName: 'J. Müller', email: 'jm@example.com', birthDate: '1970-05-06', notes: 'Two' })
		expect([await ownerOf(mine.id), await ownerOf(theirs.id), await ownerOf(later.id)]).to.deep.equal([kept.id, other.id, kept.id])
		expect((await asDesk('GET', `/patients/${other.id}/changes`)).body.items).to.have.lengthOf(1)
		expect((await undo(kept.id)).status, 'there is nothing more to undo').to.equal(404)
	})

	it('stay two after seven days', async () => {
		const [kept, other] = [await aCaller(), await aCaller()]
		await merge(kept.id, other.id)
		await node
			.db('patient_merges')
			.where({ kept_id: kept.id })
			.update({ merged_at: new Date(Date.now() - 7.1 * 86_400_000) })
		const { status, body } = await undo(kept.id)
		expect([status, body.code]).to.deep.equal([409, 'too_late'])
		expect((await asDesk('GET', `/patients/${kept.id}`)).body.lastMerge).to.equal(null)
	})

	it('keep the file of the account, whichever is named first, and are refused when both have one', async () => {
		const [account, caller] = [await aPatient(node), await aCaller()]
		expect((await merge(caller.id, account.id)).body).to.deep.include({ id: account.id, userId: account.id })
		const another = await merge((await aPatient(node)).id, account.id)
		expect([another.status, another.body.code]).to.deep.equal([400, 'invalid_input'])
		for (const id of [account.id, '999999999', 'abc']) expect((await merge(account.id, id)).status).to.be.oneOf([400, 404])
	})

	it('are refused when both have a visit at one time, and nothing is changed', async () => {
		const [kept, other, colleague] = [await aCaller(), await aCaller({ email: 'x@example.com' }), await aDoctor(node)]
		const visit = await visitFor(kept)
		const [slotId] = await slotsOf(node, colleague, { count: 1, minutes: 15, ...nextHour() })
		const theirs = done<{ id: string }>(await asDesk('POST', '/appointments', { slotId, patientId: other.id }))
		const { starts_at, ends_at } = await node.db('appointments').where({ id: visit.id }).first()
		await node.db('appointments').where({ id: theirs.id }).update({ starts_at, ends_at })
		const { status, body } = await merge(kept.id, other.id)
		expect([status, body.code]).to.deep.equal([409, 'patient_overlap'])
		expect(await ownerOf(theirs.id)).to.equal(other.id)
		expect((await asDesk('GET', `/patients/${kept.id}`)).body).not.to.have.any.keys('email')
	})

	it('have one name on the open calendars of the desk', async () => {
		const [kept, other] = [await aCaller({ fullName: 'The Kept' }), await aCaller({ fullName: 'The Other' })]
		const visit = await visitFor(other)
		const socket = await aSocket(node, desk.token)
		const names: unknown[] = []
		socket.on('calendar:changed', ({ changes }) =>
			names.push(...changes.map((slot: { appointment?: { patientName?: string } }) => slot.appointment?.patientName)),
		)
		ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
		await merge(kept.id, other.id)
		await waitFor(() => names.includes('The Kept'), `the new name of the visit at ${visit.startsAt}`)
		await undo(kept.id)
		await waitFor(() => names.at(-1) === 'The Other', 'the name as it was')
	})

	it('take every booking that races with the merge to the kept file, or refuse it', async () => {
		const [kept, other] = [await aCaller(), await aCaller()]
		const slots = await slotsOf(node, doctor, { count: 4, minutes: 15, ...nextHour() })
		const bookings = slots.map(slotId => asDesk('POST', '/appointments', { slotId, patientId: other.id }))
		const merging = merge(kept.id, other.id)
		const answers = await Promise.all(bookings)
		expect((await merging).status).to.equal(200)
		for (const { status, body } of answers) {
			if (status === 201) expect(await ownerOf(body.id)).to.equal(kept.id)
			else expect([status, body.code]).to.deep.equal([404, 'not_found'])
		}
		expect(await node.db('appointments').where({ patient_id: other.id })).to.deep.equal([])
	})

	it('are all that a table can name a patient by: what belongs to a patient moves', async () => {
		const { rows } = await node.db.raw(
			`SELECT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f' AND confrelid = 'patients'::regclass ORDER BY 1`,
		)
		const known = ['appointments', 'external_identifiers', 'recalls', 'slot_offers', 'waitlist_entries']
		expect(
			rows.map(({ name }: { name: string }) => name),
			'a new one belongs into server/patients/merge.ts',
		).to.deep.equal(known)
	})

	it('are forgotten together', async () => {
		const [kept, other] = [await aCaller(), await aCaller({ fullName: 'Former Name', email: 'former@example.com' })]
		await asDesk('PATCH', `/patients/${other.id}`, { notes: 'A former note' })
		await merge(kept.id, other.id)
		const copy = await asDesk('GET', `/patients/${kept.id}/export`)
		expect(JSON.stringify(copy.body)).to.include('Former Name').and.include('A former note')
		expect((await asDesk('DELETE', `/patients/${kept.id}`)).status).to.equal(204)
		const rows = await Promise.all(['patients', 'patient_changes', 'patient_merges'].map(table => node.db(table).select()))
		expect(JSON.stringify(rows)).not.to.match(/Former Name|former@|A former note/)
	})
})
