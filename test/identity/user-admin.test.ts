import { expect } from 'chai'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { cookieOf, post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

describe('the list of accounts', () => {
	const desk = useFrontDesk()
	let admin: Person
	before(async () => {
		admin = await anAdmin(desk, { fullName: 'Root' })
		for (const name of ['Ann 100%', 'Bea', 'Cid', 'Dan', 'Eve']) await aPatient(desk, { fullName: name })
		await aDoctor(desk, { fullName: 'Dr Ann', status: 'pending' })
	})
	const list = (query = '', token = admin.token) => call(desk, 'GET', `/admin/users${query}`, { token })
	const names = async (query: string) => (await list(query)).body.items.map(({ fullName }: { fullName: string }) => fullName)

	it('is for admins alone', async () => {
		const [doctor, receptionist, patient] = await Promise.all([aDoctor(desk), aReceptionist(desk), aPatient(desk)])
		for (const { token } of [doctor, receptionist, patient]) expect(refusalOf(await list('', token))).to.equal('403 forbidden')
		expect(refusalOf(await call(desk, 'GET', '/admin/users'))).to.equal('401 unauthenticated')
		await desk
			.db('users')
			.whereIn('id', [doctor.id, receptionist.id, patient.id])
			.update({ status: 'disabled', full_name: 'Gone', email: desk.db.raw(`'gone' || id`) })
	})

	it('shows the newest first, page by page, each account once', async () => {
		const seen: string[] = []
		let cursor = ''
		do {
			const { body } = await list(`?status=active&limit=2${cursor && `&cursor=${cursor}`}`)
			seen.push(...body.items.map(({ fullName }: { fullName: string }) => fullName))
			cursor = body.nextCursor ?? ''
		} while (cursor)
		expect(seen).to.deep.equal(['Eve', 'Dan', 'Cid', 'Bea', 'Ann 100%', 'Root'])
	})

	it('is searched by name, address, role and status', async () => {
		expect(await names('?q=ANN')).to.deep.equal(['Dr Ann', 'Ann 100%'])
		expect(await names('?q=ann&role=patient')).to.deep.equal(['Ann 100%'])
		expect(await names('?status=pending')).to.deep.equal(['Dr Ann'])
		expect(await names(`?q=${admin.email}`)).to.deep.equal(['Root'])
	})

	it('treats no character of the search as a wildcard', async () => {
		expect(await names('?q=100%25')).to.deep.equal(['Ann 100%'])
		expect(await names('?q=_')).to.deep.equal([])
		expect(await names("?q=';--")).to.deep.equal([])
		expect(refusalOf(await list('?q=%00'))).to.equal('400 invalid_input')
	})

	it('refuses a cursor that it did not give out', async () => {
		const made = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
		for (const cursor of ['x', made(['x']), made([-1]), made([1, 2]), made(['9'.repeat(30)])])
			expect(refusalOf(await list(`?cursor=${cursor}`)), cursor).to.equal('400 invalid_input')
	})
})

describe('an admin', () => {
	const desk = useFrontDesk()
	let admin: Person
	before(async () => {
		admin = await anAdmin(desk)
	})
	const create = (body: Record<string, unknown>) => post(desk, '/admin/users', body, { token: admin.token })
	const change = (id: string, body: Record<string, unknown>, token = admin.token) =>
		call(desk, 'PATCH', `/admin/users/${id}`, { token, body })

	it('creates accounts of every role, each with what the role needs', async () => {
		const made: Record<string, string> = {}
		for (const role of ['patient', 'doctor', 'receptionist', 'admin']) {
			const { status, body } = await create({ email: `${role}@example.com`, fullName: role, role, specialty: 'Cardiology' })
			expect(status).to.equal(201)
			expect(body).to.deep.equal({ id: body.id, email: `${role}@example.com`, fullName: role, role, status: 'active' })
			made[role] = body.id
		}
		expect(await desk.db('patients').where({ user_id: made.patient, id: made.patient })).to.have.length(1)
		expect(await desk.db('doctors').where({ id: made.doctor }).first()).to.include({ specialty: 'Cardiology', time_zone: 'UTC' })
		expect(refusalOf(await create({ email: 'Doctor@Example.com', fullName: 'Again', role: 'patient' }))).to.equal('409 email_taken')
	})

	it('may set a first password', async () => {
		const account = { email: 'withpass@example.com', password: 'handed over on paper' }
		await create({ ...account, fullName: 'New', role: 'receptionist' })
		expect((await signInAs(desk, account)).status).to.equal(200)
	})

	it('approves a doctor', async () => {
		const doctor = await aDoctor(desk, { status: 'pending' })
		const { status, body } = await change(doctor.id, { status: 'active' })
		expect(status).to.equal(200)
		expect(body.status).to.equal('active')
		expect(desk.cutOffs, 'so that its sockets come back approved').to.include(doctor.id)
	})

	it('disables an account at once: tokens, sessions and sockets', async () => {
		const patient = await aPatient(desk)
		const cookie = cookieOf(await signInAs(desk, patient))
		expect((await change(patient.id, { status: 'disabled' })).body.status).to.equal('disabled')
		expect(refusalOf(await call(desk, 'GET', '/me', { token: patient.token }))).to.equal('403 account_disabled')
		expect(desk.cutOffs.filter(id => id === patient.id)).to.have.length(1)
		await change(patient.id, { status: 'active' })
		expect(refusalOf(await post(desk, '/auth/refresh', undefined, { cookie }))).to.equal('401 unauthenticated')
		expect((await signInAs(desk, patient)).status).to.equal(200)
	})

	it('turns an account into a doctor or patient, with a calendar or a file', async () => {
		const person = await aReceptionist(desk)
		await change(person.id, { role: 'doctor' })
		expect(await desk.db('doctors').where({ id: person.id }).first()).to.include({ specialty: 'General practice', time_zone: 'UTC' })
		await change(person.id, { role: 'patient' })
		expect(await desk.db('patients').where({ id: person.id }).first()).to.include({ user_id: person.id, email: person.email })
		await change(person.id, { role: 'doctor' })
		expect(desk.cutOffs.filter(id => id === person.id)).to.have.length(3)
	})

	it('renames an account and its file without disconnecting its sockets', async () => {
		const patient = await aPatient(desk)
		expect((await change(patient.id, { fullName: 'Renamed' })).body.fullName).to.equal('Renamed')
		expect(await desk.db('patients').where({ id: patient.id }).first()).to.include({ full_name: 'Renamed' })
		expect(desk.cutOffs).not.to.include(patient.id)
	})

	it('corrects the address to sign in with, and in the file; links that went to the one before are void', async () => {
		const patient = await aPatient(desk)
		await post(desk, '/auth/forgot-password', { email: patient.email })
		await desk.identity.stop()
		const { token } = desk.mails.at(-1) as { token: string }
		const email = `corrected-${patient.id}@example.com`
		expect((await change(patient.id, { email: email.toUpperCase() })).body.email).to.equal(email)
		expect(await desk.db('patients').where({ id: patient.id }).first()).to.include({ email })
		expect((await signInAs(desk, { ...patient, email })).status).to.equal(200)
		expect(refusalOf(await signInAs(desk, patient))).to.equal('401 invalid_credentials')
		expect(refusalOf(await post(desk, '/auth/reset-password', { token, password: 'not their mail any more' }))).to.equal(
			'401 token_expired',
		)
		const entry = await desk.db('audit_log').where({ entity_id: patient.id, action: 'updated' }).first()
		expect(entry.details).to.deep.equal({ fields: ['email'] })
	})

	it('cannot give one account the address of another', async () => {
		const [patient, other] = [await aPatient(desk), await aPatient(desk)]
		expect(refusalOf(await change(patient.id, { email: other.email }))).to.equal('409 email_taken')
		expect((await change(patient.id, { email: patient.email })).status).to.equal(200)
	})

	it('does not stop a doctor with visits to come from practising, and is told which visits', async () => {
		const [doctor, patient] = [await aDoctor(desk), await aPatient(desk)]
		const visit = async (hours: number, status = 'booked') => {
			const at = new Date(Date.now() + hours * 3_600_000)
			const [{ id }] = await desk
				.db('appointments')
				.insert({
					doctor_id: doctor.id,
					patient_id: patient.id,
					type_id: desk.db('appointment_types').min('id'),
					starts_at: at,
					ends_at: new Date(at.getTime() + 600_000),
					slot_starts: [at],
					status,
					booked_by: patient.id,
					idempotency_key: `${hours}`,
				})
				.returning('id')
			return id
		}
		const [later, sooner] = [await visit(48), await visit(24)]
		await visit(36, 'cancelled')
		await visit(-24)
		for (const changes of [{ status: 'disabled' }, { status: 'pending' }, { role: 'receptionist' }]) {
			const refused = await change(doctor.id, changes)
			expect(refusalOf(refused)).to.equal('409 in_use')
			expect(refused.body.conflicts).to.deep.equal([sooner, later])
		}
		expect((await change(doctor.id, { fullName: 'Dr. Renamed' })).status).to.equal(200)
		await desk.db('appointments').where({ doctor_id: doctor.id, status: 'booked' }).update({ status: 'cancelled' })
		expect((await change(doctor.id, { status: 'disabled' })).body.status).to.equal('disabled')
	})

	it('cannot remove their own rights', async () => {
		await anAdmin(desk)
		for (const changes of [{ status: 'disabled' }, { role: 'patient' }, { status: 'pending' }])
			expect(refusalOf(await change(admin.id, changes))).to.equal('403 forbidden')
		expect((await change(admin.id, { fullName: 'Still here', role: 'admin' })).status).to.equal(200)
	})

	it('gets not_found for an unknown account', async () => {
		for (const id of ['999999', 'abc', '0', '9'.repeat(40), '1e3'])
			expect(refusalOf(await change(id, { fullName: 'X' }))).to.equal('404 not_found')
	})

	it('records each change in the audit log', async () => {
		const doctor = await aDoctor(desk, { status: 'pending' })
		await change(doctor.id, { status: 'active', fullName: 'Dr Traced' })
		const [entry] = await desk.db('audit_log').where({ entity_id: doctor.id, action: 'updated' })
		expect(entry.actor_id).to.equal(admin.id)
		expect(entry.ip).to.be.a('string').and.not.equal('')
		expect(entry.details).to.deep.equal({ fields: ['status', 'fullName'], status: { from: 'pending', to: 'active' } })
		await change(doctor.id, { status: 'active' })
		expect(await desk.db('audit_log').where({ entity_id: doctor.id, action: 'updated' })).to.have.length(1)
	})
})

describe('two admins', () => {
	const desk = useFrontDesk()

	it('leave one admin when they demote each other at the same moment', async () => {
		for (let round = 0; round < 5; round++) {
			await desk.db('users').update({ role: 'receptionist' })
			const [first, second] = await Promise.all([anAdmin(desk), anAdmin(desk)])
			const demote = (by: Person, of: Person) =>
				call(desk, 'PATCH', `/admin/users/${of.id}`, { token: by.token, body: { role: 'receptionist' } })
			const answers = await Promise.all([demote(first, second), demote(second, first)])
			expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 403])
			expect(await desk.db('users').where({ role: 'admin' })).to.have.length(1)
		}
	})
})
