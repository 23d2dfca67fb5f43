import { expect } from 'chai'
import { freePort } from '../../server/platform/embedded/process.ts'
import { call } from '../support/http.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist } from '../support/people.ts'
import { startProvider, type TestProvider } from './a-provider.ts'
import { enrol } from './an-authenticator.ts'
import { auditOf, cookieOf, refusalOf } from './front-desk.ts'

describe('signing in with the clinic’s identity provider', () => {
	let node: TestNode
	let provider: TestProvider
	before(async () => {
		const port = await freePort()
		const url = `http://localhost:${port}`
		provider = await startProvider(() => `${url}/api/v1/auth/oidc/callback`)
		node = await startTestNode({
			PORT: String(port),
			OIDC_ISSUER: provider.issuer,
			OIDC_CLIENT_ID: 'clinic',
			OIDC_CLIENT_SECRET: 'a secret of the clinic',
			OIDC_ROLE_CLAIM: 'groups',
		})
	})
	after(async () => {
		await node?.stop()
		await provider?.stop()
	})

	type Browser = { flow: string }
	/** Begins as a browser does: its flow cookie, and the address at the provider. */
	const start = async (query = ''): Promise<Browser & { at: string }> => {
		const response = await fetch(`${node.url}/api/v1/auth/oidc/start${query}`, { redirect: 'manual' })
		expect(response.status).to.equal(303)
		const flow = response.headers.getSetCookie().find(cookie => cookie.startsWith('oidc_flow='))
		expect(flow).to.match(/HttpOnly.*SameSite=Lax/)
		return { flow: (flow as string).split(';')[0] as string, at: response.headers.get('location') as string }
	}
	/** Comes back from the provider. */
	const finish = async ({ flow }: Browser, callback: string, headers: Record<string, string> = {}) => {
		const response = await fetch(callback, { redirect: 'manual', headers: { cookie: flow, ...headers } })
		const text = await response.text()
		const isJson = /json/.test(response.headers.get('content-type') ?? '')
		return {
			status: response.status,
			body: isJson ? JSON.parse(text) : text,
			headers: response.headers,
			cookies: response.headers.getSetCookie(),
		}
	}
	const signIn = async (query = '') => {
		const browser = await start(query)
		return await finish(browser, await provider.signIn(browser.at))
	}
	const meOf = async (answer: Awaited<ReturnType<typeof finish>>) => {
		const { body } = await call(node, 'POST', '/auth/refresh', { cookie: cookieOf(answer), headers: { origin: node.url } })
		return body.user
	}
	let number = 0
	const aSubject = () => `subject-${++number}`

	it('opens a session of the account with the verified address, and remembers it by its subject', async () => {
		const desk = await aReceptionist(node)
		const sub = aSubject()
		provider.person = { sub, email: desk.email.toUpperCase(), email_verified: true }
		const answer = await signIn('?returnTo=/desk')
		expect([answer.status, answer.headers.get('location')]).to.deep.equal([303, '/desk'])
		expect((await meOf(answer)).id).to.equal(desk.id)
		provider.person = { sub, email: 'renamed@example.com', email_verified: false }
		expect((await meOf(await signIn())).id).to.equal(desk.id)
		expect(await auditOf(node.db, desk.id)).to.include.members(['linked', 'signed_in'])
	})

	it('does not link an account by an address that is not verified, nor a patient’s', async () => {
		const [desk, patient] = [await aReceptionist(node), await aPatient(node)]
		for (const person of [
			{ email: desk.email },
			{ email: desk.email, email_verified: false },
			{ email: patient.email, email_verified: true },
		]) {
			provider.person = { sub: aSubject(), ...person }
			const answer = await signIn()
			expect(refusalOf(answer)).to.equal('403 forbidden')
			expect(cookieOf(answer)).to.equal('')
		}
	})

	it('opens an account when the claim names a role, and none otherwise', async () => {
		provider.person = { sub: aSubject(), email: 'new.doctor@example.com', email_verified: true, name: 'Dr. Dora New', groups: ['doctor'] }
		expect(await meOf(await signIn())).to.deep.include({ role: 'doctor', fullName: 'Dr. Dora New', status: 'active' })
		provider.person = { sub: aSubject(), email: 'stranger@example.com', email_verified: true, groups: ['patient', 'cleaner'] }
		expect(refusalOf(await signIn())).to.equal('403 forbidden')
	})

	it('does not open a second account for a used address that is not verified, whatever the claim says', async () => {
		const admin = await anAdmin(node)
		provider.person = { sub: aSubject(), email: admin.email, email_verified: false, groups: ['admin'] }
		expect(refusalOf(await signIn())).to.equal('403 forbidden')
	})

	it('refuses a disabled account, also one that was linked before', async () => {
		const desk = await aReceptionist(node)
		provider.person = { sub: aSubject(), email: desk.email, email_verified: true }
		expect((await signIn()).status).to.equal(303)
		await node.db('users').where({ id: desk.id }).update({ status: 'disabled' })
		const answer = await signIn()
		expect(refusalOf(answer)).to.equal('403 account_disabled')
		expect(cookieOf(answer)).to.equal('')
	})

	it('asks for the second factor of an account that has one', async () => {
		const doctor = await aDoctor(node)
		await enrol({ url: node.url, nowMs: () => Date.now(), pass: () => {} }, doctor)
		provider.person = { sub: aSubject(), email: doctor.email, email_verified: true }
		const answer = await signIn()
		expect(answer.headers.get('location')).to.match(/^\/sign-in#challenge=/)
		expect(cookieOf(answer)).to.equal('')
	})

	it('refuses a wrong state, a missing or changed cookie, and the code of another browser', async () => {
		const desk = await aReceptionist(node)
		provider.person = { sub: aSubject(), email: desk.email, email_verified: true }
		const [mine, theirs] = [await start(), await start()]
		const theirCallback = await provider.signIn(theirs.at)
		const refused = async (browser: Browser, callback: string) => {
			const answer = await finish(browser, callback)
			expect(answer.status).to.equal(401)
			expect(cookieOf(answer)).to.equal('')
		}
		await refused(mine, theirCallback)
		await refused({ flow: 'oidc_flow=made-up' }, theirCallback)
		await refused({ flow: '' }, theirCallback)
		const swapped = new URL(theirCallback)
		swapped.searchParams.set('state', new URL(mine.at).searchParams.get('state') as string)
		await refused(mine, swapped.href)
		const withoutState = new URL(theirCallback)
		withoutState.searchParams.delete('state')
		await refused(theirs, withoutState.href)
	})

	it('refuses a token with another nonce', async () => {
		const desk = await aReceptionist(node)
		provider.person = { sub: aSubject(), email: desk.email, email_verified: true }
		const browser = await start()
		const changed = new URL(browser.at)
		changed.searchParams.set('nonce', 'another nonce')
		expect(refusalOf(await finish(browser, await provider.signIn(changed.href)))).to.equal('401 invalid_credentials')
	})

	it('refuses a code that was used', async () => {
		const desk = await aReceptionist(node)
		provider.person = { sub: aSubject(), email: desk.email, email_verified: true }
		const browser = await start()
		const callback = await provider.signIn(browser.at)
		expect((await finish(browser, callback)).status).to.equal(303)
		expect(refusalOf(await finish(browser, callback))).to.equal('401 invalid_credentials')
	})

	it('leads a refused person to a page, and never to another site', async () => {
		const browser = await start()
		const answer = await finish(browser, `${node.url}/api/v1/auth/oidc/callback?error=access_denied`, { accept: 'text/html' })
		expect(answer.headers.get('location')).to.equal('/sign-in?problem=invalid_credentials')
		for (const returnTo of ['//evil.example', '/\\evil.example', 'https://evil.example'])
			expect((await call(node, 'GET', `/auth/oidc/start?returnTo=${encodeURIComponent(returnTo)}`)).status).to.equal(400)
	})
})

describe('a server without an identity provider', () => {
	it('says so, and leads nowhere', async () => {
		const node = await startTestNode()
		try {
			expect((await call(node, 'GET', '/auth/methods')).body).to.deep.equal({ provider: false })
			for (const path of ['start', 'callback']) expect((await call(node, 'GET', `/auth/oidc/${path}`)).status).to.equal(404)
		} finally {
			await node.stop()
		}
	})
})
