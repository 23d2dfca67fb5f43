import { expect } from 'chai'
import { call } from '../support/http.ts'
import { aPatient } from '../support/people.ts'
import { auditOf, cookieOf, post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

describe('a session', () => {
	const desk = useFrontDesk({ CORS_ORIGIN: 'https://app.example' })
	const refresh = (cookie: string, headers: Record<string, string> = {}) => post(desk, '/auth/refresh', undefined, { cookie, headers })
	const attempt = (key: string, cookie: string) => refresh(cookie, { 'idempotency-key': key })
	const logout = (cookie: string, headers: Record<string, string> = {}) => post(desk, '/auth/logout', undefined, { cookie, headers })
	const me = (token: string) => call(desk, 'GET', '/me', { token })

	const aSignedInPatient = async () => {
		const patient = await aPatient(desk)
		const answer = await signInAs(desk, patient)
		return { ...patient, token: answer.body.accessToken as string, cookie: cookieOf(answer) }
	}

	it('continues with a new pair of tokens at each refresh', async () => {
		const { id, cookie } = await aSignedInPatient()
		const first = await refresh(cookie)
		expect(first.status).to.equal(200)
		expect(first.body.user.id).to.equal(id)
		expect(cookieOf(first)).not.to.be.oneOf(['', cookie])
		const second = await refresh(cookieOf(first))
		expect((await me(second.body.accessToken)).status).to.equal(200)
	})

	it('ends with its sockets when an old token is used again', async () => {
		const { id, cookie } = await aSignedInPatient()
		const renewed = await refresh(cookie)
		const replayed = await refresh(cookie)
		expect(refusalOf(replayed)).to.equal('401 unauthenticated')
		expect(replayed.cookies.join()).to.include('refresh_token=;')
		expect(refusalOf(await refresh(cookieOf(renewed)))).to.equal('401 unauthenticated')
		expect(refusalOf(await me(renewed.body.accessToken))).to.equal('401 unauthenticated')
		expect(desk.cutOffs.filter(userId => userId === id)).to.have.length(1)
		expect(await auditOf(desk.db, id)).to.deep.equal(['signed_in', 'session_reuse_detected'])
	})

	it('returns the same token to each repeated attempt with its key, until that token is used', async () => {
		const { id, cookie } = await aSignedInPatient()
		const answers = await Promise.all(Array.from({ length: 8 }, () => attempt('first', cookie)))
		expect(answers.map(({ status }) => status)).to.deep.equal(Array(8).fill(200))
		const next = cookieOf(await attempt('first', cookie))
		expect(new Set(answers.map(cookieOf))).to.deep.equal(new Set([next]))
		const used = await attempt('second', next)
		expect(used.status).to.equal(200)
		expect(refusalOf(await attempt('first', cookie))).to.equal('401 unauthenticated')
		expect(refusalOf(await attempt('third', cookieOf(used)))).to.equal('401 unauthenticated')
		expect(await auditOf(desk.db, id)).to.deep.equal(['signed_in', 'session_reuse_detected'])
	})

	for (const [what, key] of [
		['another key', { 'idempotency-key': 'second' }],
		['no key', {}],
	] as const) {
		it(`ends when a token that an attempt has used is sent with ${what}`, async () => {
			const { cookie } = await aSignedInPatient()
			const renewed = await attempt('first', cookie)
			expect(refusalOf(await refresh(cookie, key))).to.equal('401 unauthenticated')
			expect(refusalOf(await attempt('first', cookie))).to.equal('401 unauthenticated')
			expect(refusalOf(await refresh(cookieOf(renewed)))).to.equal('401 unauthenticated')
		})
	}

	it('does not return an ended session to a repeated attempt', async () => {
		const { cookie } = await aSignedInPatient()
		await logout(cookieOf(await attempt('first', cookie)))
		expect(refusalOf(await attempt('first', cookie))).to.equal('401 unauthenticated')
	})

	it('gives different tokens to two sessions that use the same key', async () => {
		const [one, other] = await Promise.all([aSignedInPatient(), aSignedInPatient()])
		expect(cookieOf(await attempt('same', one.cookie))).not.to.equal(cookieOf(await attempt('same', other.cookie)))
	})

	it('on another device does not end with it', async () => {
		const patient = await aSignedInPatient()
		const other = await signInAs(desk, patient)
		await refresh(patient.cookie)
		await refresh(patient.cookie)
		expect((await refresh(cookieOf(other))).status).to.equal(200)
	})

	it('is renewed for at most one of many simultaneous refreshes, and then ends', async () => {
		const { cookie } = await aSignedInPatient()
		const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(cookie)))
		const won = answers.filter(({ status }) => status === 200)
		expect(won).to.have.length(1)
		expect(answers.filter(answer => refusalOf(answer) === '401 unauthenticated')).to.have.length(7)
		expect(refusalOf(await refresh(won.map(cookieOf).join()))).to.equal('401 unauthenticated')
	})

	it('does not survive a replay that races with its renewal', async () => {
		for (let round = 0; round < 10; round++) {
			const { id, cookie } = await aSignedInPatient()
			const second = cookieOf(await refresh(cookie))
			await Promise.all([refresh(second), refresh(cookie)])
			const open = await desk.db('refresh_tokens').where({ user_id: id }).whereNull('revoked_at')
			// The session that the builder opened stays.
			expect(open).to.have.length(1)
		}
	})

	it('expires after thirty days without use', async () => {
		const { id, cookie } = await aSignedInPatient()
		const row = await desk.db('refresh_tokens').where({ user_id: id }).orderBy('id', 'desc').first()
		expect((row.expires_at - row.created_at) / 86_400_000).to.equal(30)
		await desk
			.db('refresh_tokens')
			.where({ id: row.id })
			.update({ expires_at: new Date(Date.now() - 1000) })
		expect(refusalOf(await refresh(cookie))).to.equal('401 token_expired')
	})

	it('is refused without a cookie, with an invented one, and to a disabled account', async () => {
		expect(refusalOf(await refresh(''))).to.equal('401 unauthenticated')
		expect(refusalOf(await refresh('refresh_token=made-up%00'))).to.equal('401 unauthenticated')
		const { id, cookie } = await aSignedInPatient()
		await desk.db('users').where({ id }).update({ status: 'disabled' })
		expect(refusalOf(await refresh(cookie))).to.equal('403 account_disabled')
	})

	it('ends with its access token on signing out', async () => {
		const { id, token, cookie } = await aSignedInPatient()
		const answer = await logout(cookie)
		expect(answer.status).to.equal(204)
		expect(answer.cookies.join()).to.include('refresh_token=; Max-Age=0')
		expect(refusalOf(await refresh(cookie))).to.equal('401 unauthenticated')
		expect(refusalOf(await me(token))).to.equal('401 unauthenticated')
		expect(await auditOf(desk.db, id)).to.deep.equal(['signed_in', 'signed_out'])
	})

	it('can be signed out of twice, or without a session', async () => {
		const { cookie } = await aSignedInPatient()
		for (const each of [cookie, cookie, '', 'refresh_token=made-up']) expect((await logout(each)).status).to.equal(204)
	})

	it('cannot be refreshed or ended by a page of another site', async () => {
		const { cookie } = await aSignedInPatient()
		for (const origin of ['https://evil.example', 'null']) {
			expect(refusalOf(await refresh(cookie, { origin }))).to.equal('403 forbidden')
			expect(refusalOf(await logout(cookie, { origin }))).to.equal('403 forbidden')
		}
		for (const site of ['cross-site', 'same-site', 'none']) {
			expect(refusalOf(await refresh(cookie, { 'sec-fetch-site': site })), 'as some browsers send forms: without an origin').to.equal(
				'403 forbidden',
			)
			expect(refusalOf(await logout(cookie, { origin: desk.url, 'sec-fetch-site': site }))).to.equal('403 forbidden')
		}
		const own = await refresh(cookie, { origin: desk.url, 'sec-fetch-site': 'same-origin' })
		const allowed = await refresh(cookieOf(own), { origin: 'https://app.example' })
		expect([own.status, allowed.status]).to.deep.equal([200, 200])
	})
})
