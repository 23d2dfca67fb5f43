import { expect } from 'chai'
import { Patient } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'

describe('the patient file', () => {
	const node = useNode()
	let desk: Person
	before(async () => {
		desk = await aReceptionist(node, { fullName: 'Desk' })
	})

	const asDesk = (method: string, path: string, body?: unknown) => call(node, method, path, { token: desk.token, body })

	async function aCaller(input: Partial<Record<'fullName' | 'phone' | 'email' | 'birthDate', string>> = {}): Promise<Patient> {
		const { status, body } = await asDesk('POST', '/patients', { fullName: 'A Caller', phone: '+49 30 1234567', ...input })
		expect(status).to.equal(201)
		return Patient.parse(body)
	}

	const auditOf = (entityId: string) =>
		node.db('audit_log').where({ entity: 'patient', entity_id: entityId }).orderBy('id').select('actor_id', 'action', 'ip', 'details')

	describe('access', () => {
		it('is for the desk and admins only, on every call', async () => {
			const { id } = await aCaller()
			const calls: [string, string, unknown?][] = [
				['GET', '/patients'],
				['GET', '/patients?q=a'],
				['POST', '/patients', { fullName: 'Mallory', phone: '555 1234' }],
				['GET', `/patients/${id}`],
				['PATCH', `/patients/${id}`, { fullName: 'Mallory' }],
				['GET', `/patients/${id}/changes`],
				['POST', '/patients/duplicates', { fullName: 'A Caller', phone: '+49 30 1234567' }],
				['POST', `/patients/${id}/merge`, { otherId: id }],
				['POST', `/patients/${id}/merge/undo`],
			]
			const others = [await aPatient(node), await aDoctor(node)]
			for (const [method, path, body] of calls) {
				const anonymous = await call(node, method, path, { body })
				expect([anonymous.status, anonymous.body.code]).to.deep.equal([401, 'unauthenticated'])
				for (const { token } of others) {
					const answer = await call(node, method, path, { token, body })
					expect([answer.status, answer.body.code]).to.deep.equal([403, 'forbidden'])
				}
			}
			expect((await asDesk('GET', `/patients/${id}`)).body.fullName).to.equal('A Caller')
			const admin = await anAdmin(node)
			expect((await call(node, 'GET', `/patients/${id}`, { token: admin.token })).status).to.equal(200)
		})
	})

	describe('creating a file', () => {
		it('returns the file, under an id that no account will get', async () => {
			const input = { fullName: '  Ada Lovelace ', phone: '+44 20 7946 0000', email: 'Ada@Example.com', birthDate: '1915-12-10' }
			const ada = await aCaller(input)
			expect(ada).to.deep.equal({ ...input, fullName: 'Ada Lovelace', email: 'ada@example.com', id: ada.id })
			expect((await asDesk('GET', `/patients/${ada.id}`)).body).to.deep.include(ada)
			const next = await aPatient(node)
			expect(Number(next.id)).to.be.greaterThan(Number(ada.id))
		})

		it('requires a name and a phone number, and leaves out unknown fields', async () => {
			const answer = await asDesk('POST', '/patients', {})
			expect(answer.status).to.equal(400)
			expect(answer.body.errors.map((error: { path: string }) => error.path)).to.have.members(['fullName', 'phone'])
			expect(await aCaller()).to.have.all.keys('id', 'fullName', 'phone')
		})

		it('refuses impossible values', async () => {
			const good = { fullName: 'Ada', phone: '555 1234' }
			const bad = [
				{ phone: 'none' },
				{ phone: 'x'.repeat(100) },
				{ fullName: '' },
				{ fullName: 'a\u0000b' },
				{ fullName: 'x'.repeat(121) },
				{ fullName: { toString: 'x' } },
				{ email: 'not an address' },
				{ birthDate: '2025-02-30' },
				{ birthDate: '10.12.1915' },
			]
			for (const change of bad) {
				const { status, body } = await asDesk('POST', '/patients', { ...good, ...change })
				expect([status, body.code], JSON.stringify(change)).to.deep.equal([400, 'invalid_input'])
			}
		})

		it('keeps names exactly as they are written, quotes included', async () => {
			for (const fullName of [`Conan O'Brien`, `Robert'); DROP TABLE patients;--`, '<b>Bold</b>', '李小龍', '%_\\']) {
				expect((await aCaller({ fullName })).fullName).to.equal(fullName)
			}
		})
	})

	describe('correcting a file', () => {
		it('changes given fields, clears null ones, and keeps the rest', async () => {
			const { id } = await aCaller({ email: 'old@example.com', birthDate: '1990-01-02' })
			const changed = await asDesk('PATCH', `/patients/${id}`, { fullName: 'New Name', email: null })
			expect(changed.status).to.equal(200)
			expect(Patient.parse(changed.body)).to.deep.equal({ id, fullName: 'New Name', phone: '+49 30 1234567', birthDate: '1990-01-02' })
			expect((await asDesk('GET', `/patients/${id}`)).body).to.deep.equal(changed.body)
			expect((await asDesk('PATCH', `/patients/${id}`, {})).body).to.deep.equal(changed.body)
		})

		it('copies name and phone to the patient’s account, and keeps its sign-in address', async () => {
			const { id, email } = await aPatient(node, { fullName: 'Ada Byron', phone: '555 0000' })
			const change = { fullName: 'Ada Lovelace', phone: '555 1111', email: 'elsewhere@example.com' }
			expect((await asDesk('PATCH', `/patients/${id}`, change)).body).to.deep.include({ ...change, userId: id })
			const account = () => node.db('users').where({ id }).first('full_name', 'phone', 'email')
			expect(await account()).to.deep.equal({ full_name: 'Ada Lovelace', phone: '555 1111', email })
			await asDesk('PATCH', `/patients/${id}`, { phone: null })
			expect(await account()).to.deep.include({ phone: null })
		})

		it('answers not_found to unknown and malformed ids', async () => {
			for (const id of ['999999999', '0', '-1', 'abc', '1e3', '9'.repeat(40), '%27', '1%3B', 'null']) {
				for (const [method, body] of [['GET'], ['PATCH', { fullName: 'X' }], ['PATCH', {}]] as const) {
					const answer = await asDesk(method, `/patients/${id}`, body)
					expect([answer.status, answer.body.code], `${method} ${id}`).to.deep.equal([404, 'not_found'])
				}
			}
		})
	})

	describe('the audit log', () => {
		it('records who created, viewed and corrected a file, and which fields, but not their values', async () => {
			const { id } = await aCaller()
			await asDesk('GET', `/patients/${id}`)
			await asDesk('PATCH', `/patients/${id}`, { fullName: 'Somebody Else', birthDate: '1990-01-02' })
			await asDesk('PATCH', `/patients/${id}`, {})
			const facts = await auditOf(id)
			expect(facts.map(({ action }) => action)).to.deep.equal(['created', 'viewed', 'updated'])
			for (const fact of facts) expect(fact).to.deep.include({ actor_id: desk.id })
			expect(facts[0].ip).to.be.a('string').and.not.empty
			expect(facts[2].details).to.deep.equal({ fields: ['fullName', 'birthDate'] })
		})

		it('records that an actor searched, but not for what', async () => {
			await asDesk('GET', '/patients?q=Confidential')
			const fact = await node.db('audit_log').orderBy('id', 'desc').first()
			expect(fact).to.deep.include({ actor_id: desk.id, action: 'searched', entity: 'patient', entity_id: null })
			expect(JSON.stringify(fact)).not.to.match(/confidential/i)
		})

		it('does not record a correction that failed', async () => {
			const { id } = await aCaller()
			await asDesk('PATCH', `/patients/${id}`, { fullName: '' })
			expect((await auditOf(id)).map(({ action }) => action)).to.deep.equal(['created'])
		})
	})
})
