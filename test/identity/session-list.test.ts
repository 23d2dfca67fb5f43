import { once } from 'node:events'
import { expect } from 'chai'
import { shortAddress } from '../../server/identity/own-sessions.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aPatient, aReceptionist, aSession, type Person } from '../support/people.ts'
import { aSocket, type Client, closeSockets } from '../support/watcher.ts'
import { auditOf, cookieOf, post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
const safari =
	'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

describe('the list of sessions', () => {
	const desk = useFrontDesk({ TRUST_PROXY: '1' })
	const list = async (token: string, query = '') => (await call(desk, 'GET', `/me/sessions${query}`, { token })).body
	const signInFrom = async ({ email, password }: Person, agent: string, ip: string) => {
		const headers = { 'user-agent': agent, 'x-forwarded-for': ip }
		const answer = await post(desk, '/auth/login', { email, password }, { headers })
		return { token: answer.body.accessToken as string, cookie: cookieOf(answer), headers }
	}

	it('shows when and roughly where each session was used, marks the current one, and puts the last used first', async () => {
		const person = await aPatient(desk)
		const atDesk = await signInFrom(person, firefox, '203.0.113.77')
		const onPhone = await signInFrom(person, safari, '2001:db8:1:2:3:4:5:6')
		await post(desk, '/auth/refresh', undefined, atDesk)
		const { items, nextCursor } = await list(onPhone.token)
		expect(nextCursor).to.equal(null)
		const shown = items.map(({ address, browser, system, current }: any) => ({ address, browser, system, current }))
		expect(shown).to.deep.equal([
			{ address: '203.0.113.x', browser: 'Firefox', system: 'Windows', current: false },
			{ address: '2001:db8:1:2::x', browser: 'Safari', system: 'iOS', current: true },
			{ address: null, browser: null, system: null, current: false },
		])
		for (const { startedAt, lastUsedAt } of items) expect(startedAt <= lastUsedAt).to.equal(true)
		expect(items[0].startedAt < items[0].lastUsedAt, 'the first was renewed').to.equal(true)
	})

	it('shows when a session began after its first tokens were deleted', async () => {
		const person = await aPatient(desk)
		const { cookie, token } = await signInFrom(person, firefox, '203.0.113.77')
		const [{ startedAt }] = (await list(token)).items
		const renewed = await post(desk, '/auth/refresh', undefined, { cookie })
		await desk.db('refresh_tokens').where({ user_id: person.id }).whereNotNull('used_at').delete()
		expect((await list(renewed.body.accessToken)).items[0].startedAt).to.equal(startedAt)
	})

	it('comes in pages, without other accounts’ sessions, ended and expired ones', async () => {
		const [person, other] = await Promise.all([aPatient(desk), aPatient(desk)])
		const gone = await signInFrom(person, firefox, '203.0.113.77')
		await post(desk, '/auth/logout', undefined, gone)
		const late = await signInFrom(person, firefox, '203.0.113.77')
		const tokens = desk.db('refresh_tokens').where({ user_id: person.id }).orderBy('id', 'desc')
		await desk
			.db('refresh_tokens')
			.where({ id: (await tokens.first()).id })
			.update({ expires_at: new Date() })
		await signInFrom(person, firefox, '203.0.113.77')
		await signInFrom(other, firefox, '203.0.113.77')
		const first = await list(late.token, '?limit=1')
		const second = await list(late.token, `?limit=1&cursor=${first.nextCursor}`)
		expect([...first.items, ...second.items]).to.have.length(2)
		expect(second.nextCursor).to.equal(null)
		expect(refusalOf(await call(desk, 'GET', '/me/sessions?cursor=x', person))).to.equal('400 invalid_input')
	})

	it('ends one session at once, with its access token, and leaves the others', async () => {
		const person = await aPatient(desk)
		const stolen = await signInFrom(person, firefox, '198.51.100.7')
		const [{ id }] = (await list(person.token)).items
		expect((await call(desk, 'DELETE', `/me/sessions/${id}`, person)).status).to.equal(204)
		expect(refusalOf(await call(desk, 'GET', '/me', stolen))).to.equal('401 unauthenticated')
		expect(refusalOf(await post(desk, '/auth/refresh', undefined, stolen))).to.equal('401 unauthenticated')
		expect((await list(person.token)).items).to.have.length(1)
		expect(refusalOf(await call(desk, 'DELETE', `/me/sessions/${id}`, person))).to.equal('404 not_found')
		expect(await auditOf(desk.db, person.id)).to.deep.equal(['signed_in', 'sessions_ended'])
	})

	it('ends no session of another account', async () => {
		const [person, victim] = await Promise.all([aPatient(desk), aPatient(desk)])
		const [{ id }] = (await list(victim.token)).items
		for (const each of [id, 'x', `${id}'--`]) {
			const answer = await call(desk, 'DELETE', `/me/sessions/${encodeURIComponent(each)}`, person)
			expect(refusalOf(answer)).to.equal('404 not_found')
		}
		expect((await list(victim.token)).items).to.have.length(1)
		expect(desk.cutOffs).not.to.include(person.id)
	})

	it('ends all other sessions together', async () => {
		const person = await aReceptionist(desk)
		const others = [await signInFrom(person, firefox, '203.0.113.77'), await signInFrom(person, safari, '203.0.113.78')]
		expect((await call(desk, 'DELETE', '/me/sessions', person)).body).to.deep.equal({ ended: 2 })
		for (const each of others) expect((await call(desk, 'GET', '/me', each)).status).to.equal(401)
		expect((await list(person.token)).items).to.have.length(1)
		expect((await call(desk, 'DELETE', '/me/sessions', person)).body).to.deep.equal({ ended: 0 })
	})
})

describe('a session that ends', () => {
	const nodes = useNodes(2)
	afterEach(closeSockets)
	const socketsOf = (token: string) => Promise.all(nodes.map(node => aSocket(node, token)))
	const lost = (sockets: Client[]) => Promise.all(sockets.map(socket => once(socket as never, 'disconnect')))

	const aPersonTwice = async () => {
		const [first] = nodes as [(typeof nodes)[0]]
		const person = await aReceptionist(first)
		const elsewhere = await aSession(first, { id: person.id, role: 'receptionist' })
		return { person, here: await socketsOf(person.token), there: await socketsOf(elsewhere), elsewhere, node: first }
	}

	it('loses its sockets on every node at once, while those of other sessions stay', async () => {
		const { person, here, there, node } = await aPersonTwice()
		const [{ id }] = (await call(node, 'GET', '/me/sessions', person)).body.items
		const cut = lost(there)
		await call(node, 'DELETE', `/me/sessions/${id}`, person)
		await cut
		expect(here.map(socket => socket.connected)).to.deep.equal([true, true])
	})

	it('loses its sockets when all other sessions are ended', async () => {
		const { here, there, elsewhere, node } = await aPersonTwice()
		const cut = lost(here)
		await call(node, 'DELETE', '/me/sessions', { token: elsewhere })
		await cut
		expect(there.map(socket => socket.connected)).to.deep.equal([true, true])
	})

	it('loses its sockets by signing out, except one that joined another session', async () => {
		const [node] = nodes as [(typeof nodes)[0]]
		const person = await aReceptionist(node)
		const signedIn = await signInAs(node, person)
		const sockets = await socketsOf(signedIn.body.accessToken)
		const [renewed, ...others] = sockets as [Client, ...Client[]]
		await renewed.emitWithAck('session:renew', { token: person.token })
		const cut = lost(others)
		await post(node, '/auth/logout', undefined, { cookie: cookieOf(signedIn) })
		await cut
		expect(renewed.connected).to.equal(true)
	})
})

describe('an address in the list of sessions', () => {
	it('is shortened to its network', () => {
		const short = ['203.0.113.77', '::ffff:203.0.113.77', '2001:db8:1:2:3:4:5:6', '2001:db8::7', '::1', 'unknown'].map(shortAddress)
		expect(short).to.deep.equal(['203.0.113.x', '203.0.113.x', '2001:db8:1:2::x', '2001:db8::x', '::1', null])
	})
})
