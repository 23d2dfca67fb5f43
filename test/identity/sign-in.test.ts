import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient } from '../support/people.ts'
import { auditOf, cookieOf, refusalOf, signInAs } from './front-desk.ts'

describe('signing in', () => {
	const node = useNode()
	const me = (token: string) => call(node, 'GET', '/me', { token })

	it('answers with a valid token', async () => {
		const patient = await aPatient(node)
		const answer = await signInAs(node, { ...patient, email: patient.email.toUpperCase() })
		expect(answer.status).to.equal(200)
		expect(cookieOf(answer)).not.to.equal('')
		expect((await me(answer.body.accessToken)).body).to.deep.equal(answer.body.user)
	})

	it('answers alike for a wrong password, an unknown address and an account without a password', async () => {
		const patient = await aPatient(node)
		const unset = await aPatient(node)
		await node.db('users').where({ id: unset.id }).update({ password_hash: null })
		const answers = await Promise.all([
			signInAs(node, { ...patient, password: 'something else' }),
			signInAs(node, { email: 'nobody@example.com', password: 'something else' }),
			signInAs(node, unset),
		])
		for (const answer of answers) {
			expect(refusalOf(answer)).to.equal('401 invalid_credentials')
			expect(answer.body).to.deep.equal(answers[0].body)
			expect(cookieOf(answer)).to.equal('')
		}
		expect(await auditOf(node.db, patient.id)).to.deep.equal(['sign_in_failed'])
	})

	it('reveals that an account is disabled only after the right password', async () => {
		const patient = await aPatient(node, { status: 'disabled' })
		expect(refusalOf(await signInAs(node, patient))).to.equal('403 account_disabled')
		expect(refusalOf(await signInAs(node, { ...patient, password: 'guess' }))).to.equal('401 invalid_credentials')
		expect(await auditOf(node.db, patient.id)).to.deep.equal(['sign_in_failed', 'sign_in_failed'])
	})

	it('shows a pending doctor that the approval is pending, and nothing else', async () => {
		const doctor = await aDoctor(node, { status: 'pending' })
		const { status, body } = await signInAs(node, doctor)
		expect(status).to.equal(200)
		expect((await me(body.accessToken)).body.status).to.equal('pending')
		expect(refusalOf(await call(node, 'GET', '/admin/users', { token: body.accessToken }))).to.equal('403 account_pending')
	})
})

describe('an access token', () => {
	const node = useNode()
	const me = (token: string) => call(node, 'GET', '/me', { token })

	it('is refused when forged or expired', async () => {
		const admin = await anAdmin(node)
		const { sub, sid, role } = jwt.decode(admin.token) as Record<string, string>
		const options = { algorithm: 'HS256', issuer: 'liveslot' } as const
		const unsigned = jwt.sign({ sub, sid, role }, '', { algorithm: 'none', issuer: 'liveslot', expiresIn: 900 })
		const foreign = jwt.sign({ sub, sid, role }, 'not the secret of this server, but long enough', { ...options, expiresIn: 900 })
		const old = jwt.sign({ sub, sid, role }, node.config.jwtSecret, { ...options, expiresIn: -1 })
		expect((await me(admin.token)).status).to.equal(200)
		expect(refusalOf(await me(unsigned))).to.equal('401 unauthenticated')
		expect(refusalOf(await me(foreign))).to.equal('401 unauthenticated')
		expect(refusalOf(await me(old))).to.equal('401 token_expired')
		expect(refusalOf(await call(node, 'GET', '/me'))).to.equal('401 unauthenticated')
		expect(refusalOf(await call(node, 'GET', '/me', { headers: { authorization: 'Basic dTpw' } }))).to.equal('401 unauthenticated')
	})

	it('gives no role but the one in the database', async () => {
		const patient = await aPatient(node)
		const { sub, sid } = jwt.decode(patient.token) as Record<string, string>
		const boasting = jwt.sign({ sub, sid, role: 'admin' }, node.config.jwtSecret, {
			algorithm: 'HS256',
			issuer: 'liveslot',
			expiresIn: 900,
		})
		expect(refusalOf(await call(node, 'GET', '/admin/users', { token: boasting }))).to.equal('403 forbidden')
	})

	it('ends at once with its account, role or session', async () => {
		const [disabled, demoted, revoked, deleted] = await Promise.all([anAdmin(node), anAdmin(node), anAdmin(node), anAdmin(node)])
		await node.db('users').where({ id: disabled.id }).update({ status: 'disabled' })
		await node.db('users').where({ id: demoted.id }).update({ role: 'receptionist' })
		await node.db('refresh_tokens').where({ user_id: revoked.id }).update({ revoked_at: new Date() })
		await node.db('refresh_tokens').where({ user_id: deleted.id }).delete()
		await node.db('users').where({ id: deleted.id }).delete()
		const users = async (token: string) => refusalOf(await call(node, 'GET', '/admin/users', { token }))
		expect(await users(disabled.token)).to.equal('403 account_disabled')
		expect(await users(demoted.token)).to.equal('403 forbidden')
		expect(await users(revoked.token)).to.equal('401 unauthenticated')
		expect(await users(deleted.token)).to.equal('401 unauthenticated')
	})

	it('does not work with the session of another account', async () => {
		const [patient, admin] = await Promise.all([aPatient(node), anAdmin(node)])
		const { sid } = jwt.decode(patient.token) as Record<string, string>
		const mixed = jwt.sign({ sub: admin.id, sid, role: 'admin' }, node.config.jwtSecret, {
			algorithm: 'HS256',
			issuer: 'liveslot',
			expiresIn: 900,
		})
		expect(refusalOf(await me(mixed))).to.equal('401 unauthenticated')
	})
})
