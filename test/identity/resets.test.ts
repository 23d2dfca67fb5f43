import { expect } from 'chai'
import { call } from '../support/http.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { auditOf, cookieOf, post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

const fresh = 'a brand-new password'

describe('resetting a password', () => {
	const desk = useFrontDesk()
	const forgot = (email: string) => post(desk, '/auth/forgot-password', { email })
	const reset = (token: string, password = fresh) => post(desk, '/auth/reset-password', { token, password })

	/** Asks for a link and waits for the mail. */
	const aLink = async (email: string): Promise<string> => {
		await forgot(email)
		await desk.identity.stop()
		const mail = desk.mails.at(-1)
		expect(mail?.email).to.equal(email)
		return mail?.token ?? ''
	}

	it('answers alike for known and unknown addresses, and mails only known ones', async () => {
		const { email } = await aPatient(desk)
		const disabled = await aPatient(desk, { status: 'disabled' })
		const before = desk.mails.length
		const answers = await Promise.all([email, 'nobody@example.com', disabled.email].map(forgot))
		await desk.identity.stop()
		for (const { status, body } of answers) expect([status, body]).to.deep.equal([202, {}])
		expect(desk.mails.slice(before).map(mail => mail.email)).to.deep.equal([email])
	})

	it('answers even when the mail cannot be sent', async () => {
		const { email } = await aPatient(desk)
		desk.breakMail()
		expect((await forgot(email)).status).to.equal(202)
		await desk.identity.stop()
	})

	it('sets the password, once', async () => {
		const doctor = await aDoctor(desk, { status: 'pending' })
		const token = await aLink(doctor.email)
		expect((await reset(token)).status).to.equal(204)
		expect((await signInAs(desk, { ...doctor, password: fresh })).status).to.equal(200)
		expect(refusalOf(await signInAs(desk, doctor))).to.equal('401 invalid_credentials')
		expect(refusalOf(await reset(token))).to.equal('401 token_expired')
		expect(await auditOf(desk.db, doctor.id)).to.include.members(['password_reset_requested', 'password_reset'])
	})

	it('sets the first password of an account without one', async () => {
		const patient = await aPatient(desk)
		await desk.db('users').where({ id: patient.id }).update({ password_hash: null })
		await reset(await aLink(patient.email))
		expect((await signInAs(desk, { ...patient, password: fresh })).status).to.equal(200)
	})

	it('ends every session and every other link of the account', async () => {
		const patient = await aPatient(desk)
		const cookie = cookieOf(await signInAs(desk, patient))
		const older = await aLink(patient.email)
		await reset(await aLink(patient.email))
		expect(refusalOf(await post(desk, '/auth/refresh', undefined, { cookie }))).to.equal('401 unauthenticated')
		expect(refusalOf(await call(desk, 'GET', '/me', { token: patient.token }))).to.equal('401 unauthenticated')
		expect(refusalOf(await reset(older))).to.equal('401 token_expired')
		expect(desk.cutOffs).to.include(patient.id)
	})

	it('accepts one of two simultaneous requests with the same link', async () => {
		const token = await aLink((await aPatient(desk)).email)
		const answers = await Promise.all([reset(token, `${fresh} 1`), reset(token, `${fresh} 2`)])
		expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 401])
	})

	it('refuses a link after an hour, and an invented one', async () => {
		const { id, email } = await aPatient(desk)
		const token = await aLink(email)
		const row = await desk.db('password_resets').where({ user_id: id }).first()
		expect((row.expires_at - row.created_at) / 60_000).to.equal(60)
		await desk
			.db('password_resets')
			.where({ user_id: id })
			.update({ expires_at: new Date(Date.now() - 1000) })
		expect(refusalOf(await reset(token))).to.equal('401 token_expired')
		expect(refusalOf(await reset('made up'))).to.equal('401 token_expired')
	})

	it('does not let a disabled account back in', async () => {
		const { id, email } = await aPatient(desk)
		const token = await aLink(email)
		await desk.db('users').where({ id }).update({ status: 'disabled' })
		expect(refusalOf(await reset(token))).to.equal('403 account_disabled')
	})

	it('stores no link in the database', async () => {
		const token = await aLink((await aPatient(desk)).email)
		const stored = JSON.stringify([await desk.db('password_resets'), await desk.db('audit_log')])
		expect(stored).not.to.include(token)
	})
})
