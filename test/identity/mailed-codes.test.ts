import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { enrol } from './an-authenticator.ts'
import { auditOf, cookieOf, post, refusalOf, useFrontDesk } from './front-desk.ts'

describe('signing in with a code by mail', () => {
	const desk = useFrontDesk()
	const ask = (email: string) => post(desk, '/auth/code', { email })
	const verify = (email: string, code: string, more: Record<string, unknown> = {}) =>
		post(desk, '/auth/code/verify', { email, code, ...more })
	let number = 0
	const anAddress = () => `someone-new-${++number}@example.com`

	/** Asks for a code and waits for the mail. */
	const aCode = async (email: string): Promise<string> => {
		expect((await ask(email)).status).to.equal(202)
		await desk.identity.stop()
		const mail = desk.mails.at(-1)
		expect(mail?.email).to.equal(email)
		return mail?.token ?? ''
	}
	const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

	it('answers alike for known and unknown addresses, and mails both six digits', async () => {
		const { email } = await aPatient(desk)
		for (const address of [email, anAddress()]) {
			expect((await ask(address)).body).to.deep.equal({})
			await desk.identity.stop()
			expect(desk.mails.at(-1)).to.deep.include({ email: address })
			expect(desk.mails.at(-1)?.token).to.match(/^\d{6}$/)
		}
	})

	it('opens a session of a known account, once', async () => {
		const patient = await aPatient(desk)
		const code = await aCode(patient.email)
		const answer = await verify(patient.email, code)
		expect(answer.status).to.equal(200)
		expect(answer.body.user.id).to.equal(patient.id)
		expect(cookieOf(answer)).to.not.equal('')
		expect(refusalOf(await verify(patient.email, code))).to.equal('401 invalid_credentials')
		expect(await auditOf(desk.db, patient.id)).to.include.members(['signed_in', 'sign_in_failed'])
	})

	it('opens a patient’s account for an unknown address, which can sign in again with another code', async () => {
		const email = anAddress()
		const opened = await verify(email, await aCode(email), { fullName: 'Nora New', phone: '+4930123456', language: 'de' })
		expect(opened.status).to.equal(201)
		expect(opened.body.user).to.deep.include({ email, fullName: 'Nora New', role: 'patient', status: 'active' })
		expect(await desk.db('patients').where({ user_id: opened.body.user.id }).first('full_name', 'language')).to.deep.equal({
			full_name: 'Nora New',
			language: 'de',
		})
		const again = await verify(email, await aCode(email))
		expect([again.status, again.body.user.id]).to.deep.equal([200, opened.body.user.id])
	})

	it('asks for the name of a new patient, and keeps the code valid meanwhile', async () => {
		const email = anAddress()
		const code = await aCode(email)
		const nameless = await verify(email, code)
		expect([nameless.status, nameless.body.errors[0].path]).to.deep.equal([400, 'fullName'])
		expect((await verify(email, code, { fullName: 'Nora New' })).status).to.equal(201)
	})

	it('does not accept a right code after five wrong ones', async () => {
		const { email } = await aPatient(desk)
		const code = await aCode(email)
		for (let tries = 0; tries < 5; tries++) expect(refusalOf(await verify(email, wrong(code)))).to.equal('401 invalid_credentials')
		expect(refusalOf(await verify(email, code))).to.equal('401 invalid_credentials')
		expect((await verify(email, await aCode(email))).status).to.equal(200)
	})

	it('accepts a right code from one of twenty callers who send it at once', async () => {
		const email = anAddress()
		const code = await aCode(email)
		const answers = await Promise.all(Array.from({ length: 20 }, () => verify(email, code, { fullName: 'Nora New' })))
		expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(19).fill(401)])
	})

	it('counts every wrong code of a volley', async () => {
		const { email } = await aPatient(desk)
		const code = await aCode(email)
		await Promise.all(Array.from({ length: 12 }, () => verify(email, wrong(code))))
		expect(refusalOf(await verify(email, code))).to.equal('401 invalid_credentials')
	})

	it('does not accept an old code, a replaced code, or the code of another address', async () => {
		const [patient, other] = [await aPatient(desk), await aPatient(desk)]
		const old = await aCode(patient.email)
		await desk.db('sign_in_codes').update({ expires_at: new Date(Date.now() - 1000) })
		expect(refusalOf(await verify(patient.email, old))).to.equal('401 invalid_credentials')
		const replaced = await aCode(patient.email)
		const newest = await aCode(patient.email)
		if (replaced !== newest) expect(refusalOf(await verify(patient.email, replaced))).to.equal('401 invalid_credentials')
		const foreign = await aCode(other.email)
		if (foreign !== newest) expect(refusalOf(await verify(patient.email, foreign))).to.equal('401 invalid_credentials')
		expect((await verify(patient.email, newest)).status).to.equal(200)
	})

	it('refuses a disabled account, and does not replace a second factor', async () => {
		const disabled = await aPatient(desk, { status: 'disabled' })
		expect(refusalOf(await verify(disabled.email, await aCode(disabled.email)))).to.equal('403 account_disabled')
		const doctor = await aDoctor(desk)
		await enrol(desk, doctor)
		const answer = await verify(doctor.email, await aCode(doctor.email))
		expect(answer.status).to.equal(200)
		expect(answer.body).to.have.keys('challenge', 'expiresIn')
	})

	it('stores neither the address nor the code', async () => {
		const email = anAddress()
		const code = await aCode(email)
		const stored = JSON.stringify(await desk.db('sign_in_codes'))
		expect(stored).to.not.include(email)
		expect(stored).to.not.include(code)
	})
})

describe('codes by mail to one address', () => {
	const node = useNode({ RATE_LIMIT: 'on' })

	it('are limited, and arrive in the language of the page', async () => {
		const email = 'someone@example.com'
		const answers: number[] = []
		for (let asked = 0; asked < 8; asked++)
			answers.push((await call(node, 'POST', '/auth/code', { body: { email, language: 'de' } })).status)
		expect(answers).to.deep.equal([202, 202, 202, 202, 202, 202, 429, 429])
		const letters = async () => await (await fetch(`${node.url}/dev/outbox.json`)).text()
		await waitFor(async () => (await letters()).includes('Ihr Code für'), 'the letter')
	})
})
