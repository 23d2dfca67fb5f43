import { expect } from 'chai'
import { createSeal } from '../../server/identity/secrets.ts'
import { call } from '../support/http.ts'
import { anAdmin, aPatient, aReceptionist, aSession, type Person } from '../support/people.ts'
import { aWrongCode, codeAt } from '../support/totp.ts'
import { aChallenge, answer, type Enrolled, enrol, factorOf } from './an-authenticator.ts'
import { auditOf, cookieOf, post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

const wrong = '401 invalid_credentials'
const over = '401 token_expired'

describe('a second factor', () => {
	const desk = useFrontDesk({ RATE_LIMIT: 'on' })
	const begin = (person: Person, currentPassword = person.password) =>
		post(desk, '/me/second-factor', { currentPassword }, { token: person.token })
	const confirm = ({ token }: Person, code: string) => post(desk, '/me/second-factor/confirm', { code }, { token })
	const now = (secret: string) => codeAt(secret, desk.nowMs())

	it('is off at first, so that the password alone signs in', async () => {
		const person = await aReceptionist(desk)
		expect(await factorOf(desk, person.token)).to.deep.equal({ enabled: false, required: false, recoveryCodesLeft: 0 })
		const { body } = await signInAs(desk, person)
		expect(body).to.have.all.keys('accessToken', 'expiresIn', 'user')
	})

	it('needs the password to be set up, and a code to be turned on', async () => {
		const person = await aReceptionist(desk)
		expect(refusalOf(await begin(person, 'a wrong guess'))).to.equal(wrong)
		const { status, body } = await begin(person)
		expect(status).to.equal(201)
		expect(body.uri)
			.to.match(/^otpauth:\/\/totp\/Liveslot:receptionist-\w+%40example\.com\?/)
			.and.include(`secret=${body.secret}`)
		expect(refusalOf(await confirm(person, aWrongCode(body.secret, desk.nowMs())))).to.equal(wrong)
		expect((await signInAs(desk, person)).body).to.have.property('accessToken')
		const confirmed = await confirm(person, now(body.secret))
		expect(confirmed.body.recoveryCodes).to.have.length(10)
		expect(await factorOf(desk, person.token)).to.include({ enabled: true, recoveryCodesLeft: 10 })
		expect(await auditOf(desk.db, person.id)).to.deep.equal([
			'second_factor_begun',
			'second_factor_failed',
			'signed_in',
			'second_factor_enabled',
		])
	})

	it('can be set up again until it is on, and expires when it is not confirmed', async () => {
		const person = await aReceptionist(desk)
		const first = (await begin(person)).body.secret
		const second = (await begin(person)).body.secret
		expect(second).not.to.equal(first)
		expect(refusalOf(await confirm(person, now(first)))).to.equal(wrong)
		const setups = desk.db('second_factors').where({ user_id: person.id })
		await setups.clone().update({ created_at: desk.db.raw(`now() - interval '31 minutes'`) })
		expect(refusalOf(await confirm(person, now(second)))).to.equal(over)
		const third = (await begin(person)).body.secret
		expect((await confirm(person, now(third))).status).to.equal(200)
		expect(refusalOf(await begin(person))).to.equal('403 forbidden')
		expect(refusalOf(await confirm(person, now(third)))).to.equal(over)
	})

	it('ends the sessions and challenges that were opened with the password alone', async () => {
		const person = await aReceptionist(desk)
		const elsewhere = await aSession(desk, { id: person.id, role: 'receptionist' })
		await enrol(desk, person)
		const me = async (token: string) => (await call(desk, 'GET', '/me', { token })).status
		expect([await me(person.token), await me(elsewhere)]).to.deep.equal([200, 401])
		expect(desk.cutOffs).to.include(person.id)
	})

	it('is stored in a form that a stolen database does not reveal', async () => {
		const person = await aReceptionist(desk)
		const { secret, recoveryCodes } = await enrol(desk, person)
		await aChallenge(desk, person)
		const rows = await Promise.all(
			['second_factors', 'recovery_codes', 'sign_in_challenges', 'audit_log'].map(table => desk.db(table).select()),
		)
		const text = JSON.stringify(rows, (_key, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value))
		for (const each of [secret, ...recoveryCodes]) expect(text).not.to.include(each)
	})

	it('stops working when the server’s secret changes; recovery codes still work', async () => {
		const person = await aReceptionist(desk)
		const { secret, recoveryCodes } = await enrol(desk, person)
		const foreign = createSeal('the secret that the server had before', 'second factors')
		await desk
			.db('second_factors')
			.where({ user_id: person.id })
			.update({ secret: foreign.close(Buffer.alloc(20), person.id) })
		const challenge = await aChallenge(desk, person)
		expect(refusalOf(await answer(desk, challenge, now(secret)))).to.equal(wrong)
		expect((await answer(desk, challenge, recoveryCodes[0] as string)).status).to.equal(200)
	})

	describe('at sign-in', () => {
		let person: Person
		let enrolled: Enrolled
		beforeEach(async () => {
			person = await aReceptionist(desk)
			enrolled = await enrol(desk, person)
		})

		it('answers the password with a challenge, and the code with tokens', async () => {
			const first = await signInAs(desk, person)
			expect(first.status).to.equal(200)
			expect(first.body).to.have.all.keys('challenge', 'expiresIn')
			expect(first.cookies).to.deep.equal([])
			const second = await answer(desk, first.body.challenge, now(enrolled.secret))
			expect(second.body).to.have.all.keys('accessToken', 'expiresIn', 'user')
			expect((await post(desk, '/auth/refresh', undefined, { cookie: cookieOf(second) })).status).to.equal(200)
			expect((await auditOf(desk.db, person.id)).slice(-2)).to.deep.equal(['second_factor_asked', 'signed_in'])
		})

		it('accepts a challenge once, and refuses invented and expired ones', async () => {
			const [used, old] = [await aChallenge(desk, person), await aChallenge(desk, person)]
			await answer(desk, used, now(enrolled.secret))
			desk.pass(60)
			expect(refusalOf(await answer(desk, used, now(enrolled.secret)))).to.equal(over)
			expect(refusalOf(await answer(desk, 'made up', now(enrolled.secret)))).to.equal(over)
			await desk
				.db('sign_in_challenges')
				.where({ user_id: person.id })
				.update({ expires_at: desk.db.raw('now()') })
			expect(refusalOf(await answer(desk, old, now(enrolled.secret)))).to.equal(over)
		})

		it('voids a challenge when the password changes', async () => {
			const challenge = await aChallenge(desk, person)
			await post(desk, '/auth/forgot-password', { email: person.email })
			await desk.identity.stop()
			await post(desk, '/auth/reset-password', { token: desk.mails.at(-1)?.token, password: 'a brand-new password' })
			expect(refusalOf(await answer(desk, challenge, now(enrolled.secret)))).to.equal(over)
		})

		it('accepts a code once, and none older than it', async () => {
			const code = now(enrolled.secret)
			const earlier = codeAt(enrolled.secret, desk.nowMs() - 30_000)
			expect((await answer(desk, await aChallenge(desk, person), code)).status).to.equal(200)
			const replay = await aChallenge(desk, person)
			expect(refusalOf(await answer(desk, replay, code))).to.equal(wrong)
			expect(refusalOf(await answer(desk, replay, earlier))).to.equal(wrong)
			desk.pass(30)
			expect((await answer(desk, replay, now(enrolled.secret))).status).to.equal(200)
		})

		it('accepts one of many simultaneous requests with the same code', async () => {
			const challenges = await Promise.all(Array.from({ length: 4 }, () => aChallenge(desk, person)))
			const answers = await Promise.all(challenges.map(challenge => answer(desk, challenge, now(enrolled.secret))))
			expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
		})

		it('accepts each recovery code once in place of a code, however it is typed', async () => {
			const [first = '', second = ''] = enrolled.recoveryCodes
			const typed = ` ${first.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `
			expect((await answer(desk, await aChallenge(desk, person), typed)).status).to.equal(200)
			expect(refusalOf(await answer(desk, await aChallenge(desk, person), first))).to.equal(wrong)
			expect((await answer(desk, await aChallenge(desk, person), second)).status).to.equal(200)
			const [entry] = await desk.db('audit_log').where({ entity_id: person.id, action: 'signed_in' }).orderBy('id', 'desc')
			expect(entry.details).to.deep.equal({ factor: 'recovery_code' })
			expect(await factorOf(desk, person.token)).to.include({ recoveryCodesLeft: 8 })
		})

		it('voids a challenge after five wrong codes', async () => {
			const challenge = await aChallenge(desk, person)
			const guess = aWrongCode(enrolled.secret, desk.nowMs())
			const guesses = await Promise.all(Array.from({ length: 8 }, () => answer(desk, challenge, guess)))
			expect(guesses.filter(each => refusalOf(each) === wrong)).to.have.length(5)
			expect(refusalOf(await answer(desk, challenge, now(enrolled.secret)))).to.equal(over)
			expect((await auditOf(desk.db, person.id)).filter(action => action === 'second_factor_failed')).to.have.length(5)
		})

		it('accepts no code after a hundred wrong ones in a row, until a recovery code is used', async () => {
			await desk.db('second_factors').where({ user_id: person.id }).update({ failures: 99 })
			await answer(desk, await aChallenge(desk, person), aWrongCode(enrolled.secret, desk.nowMs()))
			const challenge = await aChallenge(desk, person)
			expect(refusalOf(await answer(desk, challenge, now(enrolled.secret)))).to.equal(wrong)
			expect((await answer(desk, challenge, enrolled.recoveryCodes[0] as string)).status).to.equal(200)
			expect((await answer(desk, await aChallenge(desk, person), now(enrolled.secret))).status).to.equal(200)
		})

		it('allows ten guesses per account over all challenges, even in one volley', async () => {
			const { secret } = enrolled
			const challenges = await Promise.all(Array.from({ length: 4 }, () => aChallenge(desk, person)))
			const guess = aWrongCode(secret, desk.nowMs())
			const guesses = await Promise.all(challenges.flatMap(challenge => [1, 2, 3, 4].map(() => answer(desk, challenge, guess))))
			expect(guesses.filter(each => refusalOf(each) === wrong)).to.have.length(10)
			const late = await answer(desk, await aChallenge(desk, person), codeAt(secret, desk.nowMs()))
			expect(refusalOf(late), 'the right code comes too late').to.equal('429 rate_limited')
			expect(Number(late.headers.get('retry-after'))).to.be.within(1, 900)
		})

		it('refuses an account that was disabled between the steps', async () => {
			const challenge = await aChallenge(desk, person)
			await desk.db('users').where({ id: person.id }).update({ status: 'disabled' })
			expect(refusalOf(await answer(desk, challenge, now(enrolled.secret)))).to.equal('403 account_disabled')
		})
	})

	describe('that is on', () => {
		const proofOf = ({ password }: Person, code: string) => ({ currentPassword: password, code })
		const disable = (person: Person, proof: object) => post(desk, '/me/second-factor/disable', proof, { token: person.token })

		it('is switched off with the password and a code, and not with one of them', async () => {
			const person = await aReceptionist(desk)
			const { secret } = await enrol(desk, person)
			const code = () => codeAt(secret, desk.nowMs())
			expect(refusalOf(await disable(person, { currentPassword: 'a wrong guess', code: code() }))).to.equal(wrong)
			expect(refusalOf(await disable(person, { currentPassword: person.password }))).to.equal('400 invalid_input')
			const guessed = await disable(person, proofOf(person, aWrongCode(secret, desk.nowMs())))
			expect(guessed.body.errors).to.deep.equal([{ path: 'code', message: 'is wrong or was used before' }])
			expect((await disable(person, proofOf(person, code()))).status).to.equal(204)
			expect((await signInAs(desk, person)).body).to.have.property('accessToken')
			expect(await desk.db('recovery_codes').where({ user_id: person.id })).to.deep.equal([])
			expect(await auditOf(desk.db, person.id)).to.include.members(['second_factor_failed', 'second_factor_disabled'])
		})

		it('replaces its recovery codes, and voids the old ones', async () => {
			const person = await aReceptionist(desk)
			const { secret, recoveryCodes } = await enrol(desk, person)
			const proof = proofOf(person, codeAt(secret, desk.nowMs()))
			const { body } = await post(desk, '/me/second-factor/recovery-codes', proof, { token: person.token })
			const challenge = await aChallenge(desk, person)
			expect(refusalOf(await answer(desk, challenge, recoveryCodes[0] as string))).to.equal(wrong)
			expect((await answer(desk, challenge, body.recoveryCodes[0])).status).to.equal(200)
		})

		it('is removed only by an admin for a colleague, whose sessions end', async () => {
			const [admin, colleague, other] = await Promise.all([anAdmin(desk), aReceptionist(desk), aReceptionist(desk)])
			// One after the other, because both let time pass.
			await enrol(desk, admin)
			await enrol(desk, colleague)
			const reset = (id: string, { token }: Person) => call(desk, 'DELETE', `/admin/users/${id}/second-factor`, { token })
			const listed = async () =>
				(await call(desk, 'GET', `/admin/users?q=${colleague.email}`, { token: admin.token })).body.items[0].secondFactor
			expect(await listed()).to.equal(true)
			expect(refusalOf(await reset(colleague.id, other))).to.equal('403 forbidden')
			expect(refusalOf(await reset(admin.id, admin))).to.equal('403 forbidden')
			expect(refusalOf(await reset(other.id, admin))).to.equal('404 not_found')
			expect(refusalOf(await reset('x', admin))).to.equal('404 not_found')
			expect((await reset(colleague.id, admin)).status).to.equal(204)
			expect(await listed()).to.equal(undefined)
			expect((await call(desk, 'GET', '/me', { token: colleague.token })).status).to.equal(401)
			expect((await signInAs(desk, colleague)).body).to.have.property('accessToken')
			const [entry] = await desk.db('audit_log').where({ entity_id: colleague.id, action: 'second_factor_reset' })
			expect(entry.actor_id).to.equal(admin.id)
		})
	})
})

describe('where a second factor is required', () => {
	const desk = useFrontDesk({ SECOND_FACTOR: 'required' })

	it('staff and doctors must set one up first, and patients need none', async () => {
		const [admin, patient] = await Promise.all([anAdmin(desk), aPatient(desk)])
		const users = async () => refusalOf(await call(desk, 'GET', '/admin/users', { token: admin.token }))
		const signedIn = await signInAs(desk, admin)
		expect(signedIn.body.secondFactorNeeded).to.equal(true)
		expect(await users()).to.equal('403 second_factor_needed')
		expect(await desk.authentication.authenticateToken(admin.token), 'a socket of theirs is a stranger’s').to.equal(null)
		expect(await factorOf(desk, admin.token)).to.include({ enabled: false, required: true })
		const { secret } = await enrol(desk, admin)
		expect(await users()).to.equal('200 undefined')
		expect(await desk.authentication.authenticateToken(admin.token)).to.include({ userId: admin.id })
		const again = await answer(desk, await aChallenge(desk, admin), codeAt(secret, desk.nowMs()))
		expect(again.body).not.to.have.property('secondFactorNeeded')
		expect((await signInAs(desk, patient)).body).to.have.all.keys('accessToken', 'expiresIn', 'user')
		expect(await factorOf(desk, patient.token)).to.include({ required: false })
	})
})
