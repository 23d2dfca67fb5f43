import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { isPublic } from '../../server/fhir/key-sets.ts'
import { grant, rightsOf } from '../../server/fhir/rights.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { anAdmin, type Person } from '../support/people.ts'
import { allScopes, aProgram, ask } from './door.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe('SMART Backend Services', function () {
	this.timeout(20_000)
	const node = useNode()
	let admin: Person
	let pairs: Record<'RS384' | 'ES384', Awaited<ReturnType<typeof generateKeyPair>>>
	let clientId: string
	let configuration: any

	before(async () => {
		admin = await anAdmin(node)
		pairs = { RS384: await generateKeyPair('RS384', { extractable: true }), ES384: await generateKeyPair('ES384', { extractable: true }) }
		clientId = (await aProgram(node, admin, allScopes, { jwks: { keys: [await keyOf('RS384'), await keyOf('ES384')] } })).id
		configuration = await (await fetch(`${node.url}/fhir/R4/.well-known/smart-configuration`)).json()
	})

	const keyOf = async (alg: 'RS384' | 'ES384', kid: string = alg) =>
		({ ...(await exportJWK(pairs[alg].publicKey)), kid, alg }) as Record<string, unknown>
	const now = () => Math.floor(Date.now() / 1000)

	type Changes = { claims?: JWTPayload; header?: Record<string, unknown>; alg?: 'RS384' | 'ES384'; key?: CryptoKey }
	const assertion = ({ claims = {}, header = {}, alg = 'ES384', key }: Changes = {}) =>
		new SignJWT({ iss: clientId, sub: clientId, aud: configuration.token_endpoint, exp: now() + 240, jti: randomUUID(), ...claims })
			.setProtectedHeader({ alg, kid: alg, typ: 'JWT', ...header } as never)
			.sign(key ?? pairs[alg].privateKey)

	const trade = async (signed: string, scope = 'system/Appointment.rs system/Slot.rs', more: Record<string, string> = {}) => {
		const form = { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: signed, scope, ...more }
		const response = await fetch(`${node.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
		return { status: response.status, body: (await response.json()) as any }
	}
	const refused = async (signed: string, as = 'invalid_client') => {
		const { status, body } = await trade(signed)
		expect([status, body.error]).to.deep.equal([400, as])
	}

	it('says where its tokens are to be had, and how', () => {
		expect(configuration.token_endpoint_auth_signing_alg_values_supported).to.have.members(['RS384', 'ES384'])
		expect(configuration.code_challenge_methods_supported).to.include('S256')
		expect(configuration.scopes_supported).to.include('system/Appointment.s')
	})

	for (const alg of ['RS384', 'ES384'] as const)
		it(`gives a token for five minutes to a client that signs with ${alg}, for the token's address or the issuer`, async () => {
			for (const aud of [configuration.token_endpoint, configuration.issuer]) {
				const { status, body } = await trade(await assertion({ alg, claims: { aud } }))
				expect([status, body.token_type, body.expires_in]).to.deep.equal([200, 'bearer', 300])
				expect(body.scope.split(' ')).to.have.members(['system/Appointment.rs', 'system/Slot.rs'])
				expect((await ask(node, 'GET', '/Appointment', { token: body.access_token })).status).to.equal(200)
			}
		})

	it('lets a token do what it was granted at this door, and nothing anywhere else', async () => {
		const { body } = await trade(await assertion(), 'system/Appointment.rs')
		const token = body.access_token
		expect((await ask(node, 'GET', '/Patient', { token })).status).to.equal(403)
		expect((await ask(node, 'POST', '/Appointment/$hold', { token, body: { resourceType: 'Parameters' } })).status).to.equal(403)
		expect((await call(node, 'GET', '/appointments', { token })).status).to.equal(401)
		expect((await ask(node, 'GET', '/Appointment', { token: admin.token })).status).to.equal(401)
	})

	it('grants no more than the client may, and refuses scopes of which nothing is left', async () => {
		const jwks = { keys: [await keyOf('ES384')] }
		const { id } = await aProgram(node, admin, ['appointments:read'], { jwks })
		const claims = { iss: id, sub: id }
		const { body } = await trade(await assertion({ claims }), 'system/*.cruds')
		expect(body.scope).to.equal('system/Appointment.rs')
		const none = await trade(await assertion({ claims }), 'system/Patient.rs patient/Appointment.rs openid')
		expect([none.status, none.body.error]).to.deep.equal([400, 'invalid_scope'])
		expect([...grant('system/*.rs', rightsOf(['patients:write'])).rights]).to.deep.equal([])
	})

	it('ends tokens with the client', async () => {
		const { id } = await aProgram(node, admin, allScopes, { jwks: { keys: [await keyOf('ES384')] } })
		const { body } = await trade(await assertion({ claims: { iss: id, sub: id } }))
		expect((await ask(node, 'GET', '/Appointment', { token: body.access_token })).status).to.equal(200)
		await call(node, 'DELETE', `/admin/api-clients/${id}`, { token: admin.token })
		expect((await ask(node, 'GET', '/Appointment', { token: body.access_token })).status).to.equal(401)
		await refused(await assertion({ claims: { iss: id, sub: id } }))
	})

	it('refuses the wrong audience', async () => refused(await assertion({ claims: { aud: 'https://other.example/token' } })))
	it('refuses an assertion that expires too late', async () => refused(await assertion({ claims: { exp: now() + 900 } })))
	it('refuses an assertion that has expired', async () => refused(await assertion({ claims: { exp: now() - 60 } })))
	it('refuses an assertion without exp, and one without jti', async () => {
		await refused(await assertion({ claims: { exp: undefined as never } }))
		await refused(await assertion({ claims: { jti: undefined as never } }))
	})
	it('refuses a replayed assertion, also when many arrive at once', async () => {
		const signed = await assertion()
		const answers = await Promise.all(Array.from({ length: 8 }, () => trade(signed)))
		expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
		await refused(signed)
	})
	it('refuses an issuer that is not the subject, and an unknown client', async () => {
		await refused(await assertion({ claims: { sub: '1' } }))
		await refused(await assertion({ claims: { iss: '999999', sub: '999999' } }))
		await refused(await assertion({ claims: { iss: "1' OR 1=1", sub: "1' OR 1=1" } }))
	})
	it('refuses an unknown kid, and none', async () => {
		await refused(await assertion({ header: { kid: 'other' } }))
		await refused(await assertion({ header: { kid: undefined } }))
	})
	it('refuses a foreign jku', async () => refused(await assertion({ header: { jku: 'https://evil.example/jwks.json' } })))
	it('refuses the key of another', async () => {
		const { privateKey } = await generateKeyPair('ES384')
		await refused(await assertion({ key: privateKey }))
	})
	it('refuses to verify without an algorithm, or with a shared secret', async () => {
		const part = (of: unknown) => Buffer.from(JSON.stringify(of)).toString('base64url')
		const claims = { iss: clientId, sub: clientId, aud: configuration.token_endpoint, exp: now() + 60, jti: randomUUID() }
		await refused(`${part({ alg: 'none', kid: 'ES384' })}.${part(claims)}.`)
		const shared = await new SignJWT(claims)
			.setProtectedHeader({ alg: 'HS384', kid: 'ES384' })
			.sign(Buffer.from(JSON.stringify(await keyOf('ES384'))))
		await refused(shared)
		await refused('nonsense')
	})
	it('refuses both of two keys that share a name', async () => {
		const { id } = await aProgram(node, admin, allScopes, { jwks: { keys: [await keyOf('ES384', 'twin'), await keyOf('RS384', 'twin')] } })
		for (const alg of ['ES384', 'RS384'] as const)
			await refused(await assertion({ alg, header: { kid: 'twin' }, claims: { iss: id, sub: id } }))
	})
	it('refuses private keys and plain addresses when a client is made, and never asks our own network', async () => {
		const make = (more: Record<string, unknown>) =>
			call(node, 'POST', '/admin/api-clients', { token: admin.token, body: { name: 'Twin', scopes: ['calendar:read'], ...more } })
		const secret = { ...(await exportJWK(pairs.ES384.privateKey)), kid: 'secret' }
		const plain = await make({ jwksUrl: 'http://keys.example/jwks.json' })
		for (const { status, body } of [await make({ jwks: { keys: [secret] } }), plain])
			expect([status, body.code]).to.deep.equal([400, 'invalid_input'])
		for (const address of ['https://127.0.0.1/jwks.json', 'https://localhost/jwks.json', 'https://[::1]/k', 'https://169.254.169.254/k']) {
			const { body } = await make({ jwksUrl: address })
			await refused(await assertion({ claims: { iss: body.id, sub: body.id } }))
		}
		for (const address of ['10.0.0.1', '192.168.1.1', '::ffff:127.0.0.1', 'fc00::1', '100.64.0.1', '0.0.0.0'])
			expect(isPublic(address), address).to.equal(false)
		expect(isPublic('93.184.216.34')).to.equal(true)
	})
	it('refuses other grants', async () => {
		const { body } = await trade(await assertion(), 'system/Slot.rs', { grant_type: 'password' })
		expect(body.error).to.equal('unsupported_grant_type')
	})
})
