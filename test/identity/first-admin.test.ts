import { expect } from 'chai'
import { firstAdminToken } from '../../server/identity/first-admin.ts'
import { call } from '../support/http.ts'
import { anAdmin } from '../support/people.ts'
import { cookieOf, post, refusalOf, useFrontDesk } from './front-desk.ts'

const hourMs = 3_600_000

describe('the link for the first admin', () => {
	const desk = useFrontDesk()
	beforeEach(async () => {
		await desk.db.raw('TRUNCATE users CASCADE')
	})

	const aToken = (madeMs = desk.nowMs(), secret = desk.config.jwtSecret) => firstAdminToken(secret, madeMs)
	let people = 0
	const use = (token: string) =>
		post(desk, '/auth/first-admin', { token, email: `chief${++people}@example.com`, password: 'a long enough one', fullName: 'Helena' })

	it('opens an account that is an admin, and signed in', async () => {
		const answer = await use(aToken())
		expect(answer.status).to.equal(201)
		expect(answer.body.user).to.include({ fullName: 'Helena', role: 'admin', status: 'active' })
		expect(cookieOf(answer)).not.to.equal('')
		expect((await call(desk, 'GET', '/admin/users', { token: answer.body.accessToken })).status).to.equal(200)
		const entry = await desk.db('audit_log').where({ entity_id: answer.body.user.id, action: 'registered' }).first()
		expect(entry.details).to.deep.equal({ role: 'admin' })
	})

	it('works once, for the quickest', async () => {
		const token = aToken()
		const answers = await Promise.all(Array.from({ length: 5 }, () => use(token)))
		expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 401, 401, 401, 401])
		expect(refusalOf(await use(aToken())), 'nor does another link').to.equal('401 token_expired')
		expect(await desk.db('users').where({ role: 'admin' })).to.have.length(1)
	})

	it('works for an hour', async () => {
		expect(refusalOf(await use(aToken(desk.nowMs() - hourMs - 1)))).to.equal('401 token_expired')
		expect((await use(aToken(desk.nowMs() - hourMs + 60_000))).status).to.equal(201)
	})

	it('works only with the signature of this server', async () => {
		const [expires = '', signature = ''] = aToken().split('.')
		const later = (desk.nowMs() + 1000 * hourMs).toString(36)
		const other = aToken(desk.nowMs(), 'another secret, that is long enough to be one')
		for (const forged of ['x', '.', `${expires}.`, `${later}.${signature}`, `${expires}.${signature}x`, other])
			expect(refusalOf(await use(forged)), forged).to.equal('401 token_expired')
	})

	it('does not work where there is an admin, active or not', async () => {
		await anAdmin(desk, { status: 'disabled' })
		expect(refusalOf(await use(aToken()))).to.equal('401 token_expired')
	})
})
