import { expect } from 'chai'
import { useNode } from '../support/node.ts'
import { auditOf, cookieOf, post, refusalOf, signInAs } from './front-desk.ts'

const ada = { email: 'Ada@Example.com ', password: 'correct horse battery', fullName: 'Ada Lovelace', phone: '+44 20 1234' }

describe('registration', () => {
	const node = useNode()
	const register = (body: Record<string, unknown>) => post(node, '/auth/register', body)

	it('signs a new patient in at once', async () => {
		const answer = await register(ada)
		expect(answer.status).to.equal(201)
		const { accessToken, expiresIn, user } = answer.body
		expect(expiresIn).to.equal(900)
		expect(accessToken).to.match(/^[\w-]+\.[\w-]+\.[\w-]+$/)
		expect(user).to.deep.equal({
			id: user.id,
			email: 'ada@example.com',
			fullName: 'Ada Lovelace',
			phone: '+44 20 1234',
			role: 'patient',
			status: 'active',
		})
		expect(cookieOf(answer)).to.match(/^refresh_token=[\w-]{43}$/)
		expect(answer.headers.get('cache-control')).to.equal('no-store')
		expect((await signInAs(node, ada)).status).to.equal(200)
		expect(await auditOf(node.db, user.id)).to.deep.equal(['registered', 'signed_in'])
	})

	it('refuses names that are invisible, span lines, or reverse the direction of text', async () => {
		const invisible = ['\u200b\u200d', '\u3164', '\u00ad', '\u2800', '\u200e\u0301', '\u2060\ufeff']
		const turning = ['Ada \u202e ecalevoL', 'Ada \u2067Lovelace']
		const broken = ['Ada\nLovelace', 'Ada\rLovelace', 'Ada\tLovelace', 'Ada\u2028Lovelace', 'Ada\u0085Lovelace', 'Ada\u009bLovelace']
		for (const fullName of [...invisible, ...turning, ...broken]) {
			const answer = await register({ ...ada, email: 'nobody@example.com', fullName })
			expect(refusalOf(answer), JSON.stringify(fullName)).to.equal('400 invalid_input')
			expect(answer.body.errors[0].path).to.equal('fullName')
		}
	})

	it('accepts names of every script', async () => {
		const names = ['Nguyễn Thị Ánh', 'محمّد بن زايد', 'علی‌رضا', 'क्‍षितिज', '山田 太郎', 'O’Brien-Smith jr.', 'Zoe\u0301', 'X Æ A-12', '김']
		for (const [index, fullName] of names.entries()) {
			const { status, body } = await register({ ...ada, email: `name${index}@example.com`, fullName })
			expect([status, body.user?.fullName], fullName).to.deep.equal([201, fullName])
		}
	})

	it('opens a patient file under the same id', async () => {
		const { body } = await register({ ...ada, email: 'file@example.com' })
		const file = await node.db('patients').where({ id: body.user.id }).first()
		expect(file).to.include({ user_id: body.user.id, full_name: 'Ada Lovelace', phone: '+44 20 1234', email: 'file@example.com' })
	})

	it('signs a doctor in, and grants no rights before an admin approves', async () => {
		const { status, body } = await register({ ...ada, email: 'doc@example.com', role: 'doctor', timeZone: 'Europe/Berlin' })
		expect(status).to.equal(201)
		expect(body.user).to.include({ role: 'doctor', status: 'pending' })
		const doctor = await node.db('doctors').where({ id: body.user.id }).first()
		expect(doctor).to.include({ specialty: 'General practice', time_zone: 'Europe/Berlin' })
		expect(await node.db('patients').where({ id: body.user.id }).first()).to.equal(undefined)
	})

	it('gives an e-mail address to exactly one of many simultaneous registrations', async () => {
		const answers = await Promise.all(Array.from({ length: 6 }, () => register({ ...ada, email: 'race@example.com' })))
		expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409, 409, 409, 409])
		expect(answers.filter(({ body }) => body.code === 'email_taken')).to.have.length(5)
		expect(await node.db('patients').where({ email: 'race@example.com' })).to.have.length(1)
	})

	it('recognises an e-mail address in another case', async () => {
		await register({ ...ada, email: 'case@example.com' })
		expect(refusalOf(await register({ ...ada, email: 'CASE@EXAMPLE.COM' }))).to.equal('409 email_taken')
	})

	it('refuses short passwords, malformed addresses and roles that cannot be registered', async () => {
		const wrong = [{ password: 'too short' }, { email: 'nobody' }, { role: 'admin' }, { fullName: ' ' }, { timeZone: 'Mars/Base' }]
		for (const [index, part] of wrong.entries()) {
			const { status, body } = await register({ ...ada, email: `w${index}@example.com`, ...part })
			expect(status, JSON.stringify(part)).to.equal(400)
			expect(body.errors[0].path).to.equal(Object.keys(part)[0])
		}
	})

	it('stores neither password nor refresh token in plain text', async () => {
		const answer = await register({ ...ada, email: 'secret@example.com' })
		const secret = cookieOf(answer).split('=')[1]
		for (const table of ['users', 'refresh_tokens', 'audit_log']) {
			const text = JSON.stringify(await node.db(table))
			expect(text, table).not.to.include(ada.password)
			expect(text, table).not.to.include(secret)
		}
	})
})
