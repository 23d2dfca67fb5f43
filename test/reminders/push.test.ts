import { createECDH, createPublicKey, verify } from 'node:crypto'
import { expect } from 'chai'
import { createPush, type Device } from '../../server/reminders/channels/push.ts'
import { aMessage } from './a-message.ts'
import { decrypt, type PushKeys, somePushKeys } from './a-push-browser.ts'
import { useWebService, type WebRequest } from './a-web-service.ts'

/** A browser, with its keys and the messages that it reads. */
type Browser = PushKeys & { device: Device }

/** The claims of a request's signer (RFC 8292). Throws when the signature is not the server's. */
const claimsOf = ({ headers }: WebRequest, publicKey: string) => {
	const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(headers.authorization ?? '') ?? []
	expect(key).to.equal(publicKey)
	const point = Buffer.from(publicKey, 'base64url')
	const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(part => part.toString('base64url'))
	const jwk = { kty: 'EC', crv: 'P-256', x, y }
	const [header = '', payload = '', signature = ''] = token.split('.')
	const verifier = { key: createPublicKey({ key: jwk as never, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
	expect(verify('sha256', Buffer.from(`${header}.${payload}`), verifier, Buffer.from(signature, 'base64url'))).to.equal(true)
	return JSON.parse(Buffer.from(payload, 'base64url').toString())
}

describe('notifications', () => {
	const service = useWebService(() => ({ status: 201, headers: { location: 'https://push.example/m/1' } }))
	const pair = createECDH('prime256v1')
	pair.generateKeys()
	const vapid = { publicKey: pair.getPublicKey('base64url'), privateKey: pair.getPrivateKey('base64url') }
	let devices: Device[] = []
	let forgotten: string[] = []

	beforeEach(() => {
		devices = []
		forgotten = []
	})

	const aBrowser = (path = '/push/one'): Browser => {
		const own = somePushKeys()
		const device = { id: path, endpoint: `${service.url}${path}`, ...own.told }
		devices.push(device)
		return { device, ...own }
	}

	const channel = (timeoutMs = 2000) =>
		createPush({
			vapid,
			subject: 'mailto:desk@clinic.example',
			devicesOf: async () => devices,
			forget: async id => void forgotten.push(id),
			publicOnly: false,
			timeoutMs,
		})

	it('reach the browser encrypted for it, and signed by the server', async () => {
		const browser = aBrowser()
		const message = aMessage()
		expect(await channel().send(message)).to.deep.equal({ sent: true, providerId: 'https://push.example/m/1' })
		const [request] = service.requests as [WebRequest]
		expect(request.headers).to.include({ 'content-encoding': 'aes128gcm', urgency: 'high', ttl: '14400' })
		expect(request.headers.topic).to.match(/^[\w-]{1,32}$/)
		expect(JSON.parse(decrypt(request, browser))).to.deep.equal({
			title: 'This is a reminder of your visit.',
			body: 'Reminder: Dr. Grace, Wed 9 Jul, 10:00 (Europe/Berlin).',
			url: 'https://clinic.example/n/visit',
			tag: 'notification-77',
			lang: 'en',
			kind: 'reminder',
			appointmentId: '9',
		})
		const claims = claimsOf(request, vapid.publicKey)
		expect(claims).to.include({ aud: service.url, sub: 'mailto:desk@clinic.example' })
		expect(claims.exp * 1000).to.be.within(Date.now(), Date.now() + 86_400_000)
	})

	it('have the same topic when repeated, so that the repetition replaces the first', async () => {
		aBrowser()
		await channel().send(aMessage())
		await channel().send(aMessage())
		await channel().send(aMessage({ id: '78' }))
		const topics = service.requests.map(request => request.headers.topic)
		expect(topics[0]).to.equal(topics[1]).and.not.equal(topics[2])
	})

	for (const status of [404, 410]) {
		it(`forget a device that is gone (${status}), and reach the others`, async () => {
			aBrowser('/gone')
			const other = aBrowser('/here')
			service.answer = ({ path }) => ({ status: path === '/gone' ? status : 201 })
			expect(await channel().send(aMessage())).to.include({ sent: true })
			expect(forgotten).to.deep.equal(['/gone'])
			devices = devices.filter(device => device.id !== other.device.id)
			expect(await channel().send(aMessage())).to.include({ failure: 'permanent' })
		})
	}

	it('forget a device with invalid keys, and fail without a device', async () => {
		devices.push({ id: 'bad', endpoint: `${service.url}/x`, p256dh: 'short', auth: 'x' })
		expect(await channel().send(aMessage())).to.include({ sent: false, failure: 'permanent' })
		expect(forgotten).to.deep.equal(['bad'])
		expect(service.requests).to.deep.equal([])
	})

	it('wait, or are retried, as the push service answers', async () => {
		aBrowser()
		service.answer = () => ({ status: 429, headers: { 'retry-after': '9' } })
		expect(await channel().send(aMessage())).to.include({ failure: 'throttled', retryAfterMs: 9000 })
		service.answer = () => ({ status: 500 })
		expect(await channel().send(aMessage())).to.include({ failure: 'transient' })
		service.answer = () => 'hang'
		expect(await channel(200).send(aMessage())).to.include({ failure: 'transient', reason: 'push service: no answer in time' })
	})

	it('are sent to one host one after the other, and to different hosts at once', async () => {
		for (let index = 0; index < 6; index++) aBrowser(`/push/${index}`)
		service.answer = () => ({ status: 201, afterMs: 50 })
		expect(await channel().send(aMessage())).to.include({ sent: true })
		expect(service.requests).to.have.lengthOf(6)
		expect(service.mostAtOnce).to.equal(1)

		const elsewhere = { ...aBrowser().device, endpoint: `${service.url.replace('127.0.0.1', 'localhost')}/elsewhere` }
		devices = [...devices.slice(0, 3), elsewhere]
		await channel().send(aMessage())
		expect(service.mostAtOnce).to.equal(2)
	})

	it('are given up together when one host is slow, so that a message does not outlast its lease', async () => {
		for (let index = 0; index < 6; index++) aBrowser(`/push/${index}`)
		service.answer = () => 'hang'
		const beganMs = performance.now()
		expect(await channel(300).send(aMessage())).to.include({ failure: 'transient', reason: 'push service: no answer in time' })
		expect(performance.now() - beganMs).to.be.below(900)
		expect(service.requests).to.have.lengthOf(1)
		expect(forgotten).to.deep.equal([])
	})

	it('are not sent in production to an address that cannot be a push service', async () => {
		for (const endpoint of [
			'http://push.example/a',
			'https://127.0.0.1/a',
			'https://[::1]/a',
			'https://localhost/a',
			'https://db.internal/a',
			'https://db.internal./a',
			'https://printer.local../a',
		])
			devices.push({ ...aBrowser().device, id: endpoint, endpoint })
		devices = devices.filter(({ id }) => id !== '/push/one')
		const careful = createPush({
			vapid,
			subject: 'mailto:desk@clinic.example',
			devicesOf: async () => devices,
			forget: async id => void forgotten.push(id),
			publicOnly: true,
		})
		expect(await careful.send(aMessage())).to.include({ failure: 'permanent' })
		expect(forgotten).to.have.length(7)
		expect(service.requests).to.deep.equal([])
	})
})
