import { promises as dns } from 'node:dns'
import { expect } from 'chai'
import { createPost } from '../../server/webhooks/post.ts'
import { isPublic } from '../../server/webhooks/targets.ts'
import { useWebService } from '../reminders/a-web-service.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { anAdmin, type Person } from '../support/people.ts'

describe('the target of a webhook', () => {
	const node = useNode({ ROLE: 'web' })
	const inside = useWebService(() => ({ status: 200 }))
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const register = (url: string) => call(node, 'POST', '/admin/webhooks', { token: admin.token, body: { url, events: ['appointment.*'] } })
	const message = { headers: { 'content-type': 'application/json' }, body: '{}' }

	for (const url of [
		'https://127.0.0.1/hook',
		'https://127.1/hook',
		'https://0x7f000001/hook',
		'https://2130706433/hook',
		'https://localhost/hook',
		'https://LOCALHOST./hook',
		'https://db.internal/hook',
		'https://10.1.2.3/hook',
		'https://172.16.0.1/hook',
		'https://192.168.1.1/hook',
		'https://169.254.169.254/latest/meta-data',
		'https://100.64.0.1/hook',
		'https://0.0.0.0/hook',
		'https://[::1]/hook',
		'https://[::]/hook',
		'https://[fe80::1]/hook',
		'https://[fd00::1]/hook',
		'https://[::ffff:10.0.0.1]/hook',
		'https://[64:ff9b::a00:1]/hook',
		'https://[2002:a00:1::]/hook',
		'http://example.com/hook',
		'https://user:secret@example.com/hook',
		'ftp://example.com/hook',
		'nothing',
	])
		it(`is refused when it is ${url}`, async () => {
			const { status, body } = await register(url)
			expect([status, body.code]).to.deep.equal([400, 'invalid_input'])
			expect(await node.db('webhook_endpoints')).to.deep.equal([])
		})

	it('is accepted on the public internet, and when its name does not resolve now', async () => {
		for (const url of ['https://93.184.215.14/hook', 'https://[2606:2800:21f:cb07::1]/hook', 'https://not-yet.example/hook'])
			expect((await register(url)).status, url).to.equal(201)
	})

	it('is public or not by the registry of addresses', () => {
		for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700::1111']) expect(isPublic(address), address).to.equal(true)
		for (const address of ['198.18.0.1', '224.0.0.1', '255.255.255.255', '2001:db8::1', '::127.0.0.1', '168.63.129.16', 'x', ''])
			expect(isPublic(address), address).to.equal(false)
	})

	it('gets no message at an address that is private', async () => {
		const post = createPost({ allowsPrivate: false })
		const port = new URL(inside.url).port
		for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]'])
			expect(await post({ ...message, url: `http://${host}:${port}/` }), host).to.deep.equal({ error: 'the address is private' })
		expect(inside.requests).to.deep.equal([])
	})

	it('is connected to at the address that was checked, when the name changes its address in between', async () => {
		const lookup = dns.lookup
		let asked = 0
		// The first answer is public, every later one is this machine, as an attacker's name server would have it.
		dns.lookup = (async () => [{ address: asked++ === 0 ? '192.0.2.1' : '127.0.0.1', family: 4 }]) as unknown as typeof dns.lookup
		try {
			const { port } = new URL(inside.url)
			const post = createPost({ allowsPrivate: false, timeoutMs: 500 })
			expect(await post({ ...message, url: `http://rebinding.example:${port}/` })).to.have.property('error')
			expect(await post({ ...message, url: `http://rebinding.example:${port}/` })).to.deep.equal({ error: 'the address is private' })
			expect(inside.requests).to.deep.equal([])
			expect(asked).to.equal(2)
		} finally {
			dns.lookup = lookup
		}
	})

	it('is not followed when it redirects', async () => {
		inside.answer = ({ path }) => (path === '/away' ? { status: 307, headers: { location: `${inside.url}/secret` } } : { status: 200 })
		const post = createPost({ allowsPrivate: true })
		expect(await post({ ...message, url: `${inside.url}/away` })).to.deep.equal({ answerCode: 307 })
		expect(inside.requests.map(({ path }) => path)).to.deep.equal(['/away'])
	})
})
