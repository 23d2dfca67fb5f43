import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { createAccessTokens, readBearer } from '../../server/identity/authentication.ts'
import { Refusal } from '../../server/platform/refusal.ts'

const secret = 'the secret of the access token tests, long enough'
const sid = randomUUID()
const claims = { sub: '7', sid, role: 'admin' }
const good = { algorithm: 'HS256', issuer: 'liveslot', expiresIn: 900 } as const

const codeOf = (work: () => unknown): string => {
	try {
		work()
		return 'accepted'
	} catch (error) {
		return error instanceof Refusal ? error.code : String(error)
	}
}

describe('access tokens', () => {
	const tokens = createAccessTokens(secret)
	const verdict = (token: string) => codeOf(() => tokens.verify(token))

	it('name their account and session for fifteen minutes', () => {
		const before = Date.now()
		const read = tokens.verify(tokens.sign({ userId: '7', role: 'doctor', sessionId: sid }))
		expect(read).to.include({ userId: '7', sessionId: sid })
		expect(read.expiresAtMs).to.be.within(before + 899_000, Date.now() + 900_000)
	})

	it('are accepted when signed like the forgeries below, with the right key', () => {
		expect(verdict(jwt.sign(claims, secret, good))).to.equal('accepted')
	})

	it('are refused without a signature', () => {
		const unsigned = jwt.sign(claims, '', { ...good, algorithm: 'none' })
		const [header, payload] = jwt.sign(claims, secret, good).split('.')
		expect(verdict(unsigned)).to.equal('unauthenticated')
		expect(verdict(`${header}.${payload}.`)).to.equal('unauthenticated')
		expect(verdict(`${header}.${payload}`)).to.equal('unauthenticated')
	})

	it('are refused when signed with another key or changed after signing', () => {
		const [header, , signature] = jwt.sign(claims, secret, good).split('.')
		const swapped = Buffer.from(JSON.stringify({ ...claims, sub: '1', iss: 'liveslot', exp: 9e9 })).toString('base64url')
		expect(verdict(jwt.sign(claims, `${secret}!`, good))).to.equal('unauthenticated')
		expect(verdict(`${header}.${swapped}.${signature}`)).to.equal('unauthenticated')
	})

	it('are refused under any other algorithm, even with the right key', () => {
		const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
		const pem = publicKey.export({ type: 'spki', format: 'pem' })
		const byRsa = jwt.sign(claims, privateKey, { ...good, algorithm: 'RS256' })
		expect(verdict(jwt.sign(claims, secret, { ...good, algorithm: 'HS512' }))).to.equal('unauthenticated')
		expect(verdict(byRsa)).to.equal('unauthenticated')
		// A server that verified RS256 with its key as a public key would accept tokens that others signed.
		expect(codeOf(() => createAccessTokens(String(pem)).verify(byRsa))).to.equal('unauthenticated')
	})

	it('are refused as expired only with the server’s own signature', () => {
		expect(verdict(jwt.sign(claims, secret, { ...good, expiresIn: -1 }))).to.equal('token_expired')
		expect(verdict(jwt.sign(claims, 'another secret altogether, as long as ours', { ...good, expiresIn: -1 }))).to.equal('unauthenticated')
	})

	it('are refused when they lack a claim or come from another issuer', () => {
		const { sid: _, ...withoutSession } = claims
		const { expiresIn: __, ...forEver } = good
		expect(verdict(jwt.sign(withoutSession, secret, good))).to.equal('unauthenticated')
		expect(verdict(jwt.sign({ ...claims, sub: 'admin' }, secret, good))).to.equal('unauthenticated')
		expect(verdict(jwt.sign({ ...claims, sub: '1'.repeat(30) }, secret, good))).to.equal('unauthenticated')
		expect(verdict(jwt.sign(claims, secret, forEver))).to.equal('unauthenticated')
		expect(verdict(jwt.sign(claims, secret, { ...good, issuer: 'another' }))).to.equal('unauthenticated')
	})

	it('are refused when the text is not a token', () => {
		for (const token of ['', 'x', 'a.b.c', '..', '{}', 'e30.e30.e30']) expect(verdict(token), token).to.equal('unauthenticated')
	})
})

describe('the Authorization header', () => {
	it('is read in any case of its scheme', () => {
		expect(readBearer('Bearer a.b-c.d_e')).to.equal('a.b-c.d_e')
		expect(readBearer('bearer abc')).to.equal('abc')
		expect(readBearer(undefined)).to.equal(undefined)
	})

	it('is refused in any other form', () => {
		for (const header of ['', 'Bearer', 'Bearer ', 'Basic dTpw', 'abc', 'Bearer a b', 'Bearer a,b'])
			expect(
				codeOf(() => readBearer(header)),
				header,
			).to.equal('unauthenticated')
	})
})
