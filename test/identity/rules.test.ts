import { expect } from 'chai'
import { createTurns } from '../../server/identity/limits.ts'
import { hashPassword, isPassword } from '../../server/identity/secrets.ts'
import { readRefreshCookie, refreshCookie } from '../../server/identity/session-routes.ts'
import { keepsAnAdmin } from '../../server/identity/user-admin.ts'

describe('passwords', () => {
	it('are stored as salted argon2id hashes of the recommended cost', async () => {
		const [first, second] = await Promise.all([hashPassword('one and the same'), hashPassword('one and the same')])
		expect(first).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
		expect(first).not.to.equal(second)
		expect(await isPassword('one and the same', first)).to.equal(true)
		expect(await isPassword('one and the Same', first)).to.equal(false)
	})

	it('never match an account without a password', async () => {
		expect(await isPassword('', null)).to.equal(false)
		expect(await isPassword('anything', undefined)).to.equal(false)
	})

	it('take about as long to compare without a stored hash', async () => {
		const stored = await hashPassword('a password')
		const compareMs = async (hash: string | undefined) => {
			const began = performance.now()
			await isPassword('a wrong password', hash)
			return performance.now() - began
		}
		// In turns, so that a busy moment of the machine meets both.
		const [without, having]: [number[], number[]] = [[], []]
		for (let i = 0; i < 15; i++) {
			without.push(await compareMs(undefined))
			having.push(await compareMs(stored))
		}
		expect(Math.min(...without) / Math.min(...having)).to.be.within(0.4, 2.5)
	})
})

describe('the refresh cookie', () => {
	it('is hidden from scripts, other sites and other paths, and in production from plain HTTP', () => {
		expect(refreshCookie('abc', { secure: true })).to.equal(
			'__Secure-refresh_token=abc; Max-Age=2592000; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict',
		)
		expect(refreshCookie('abc', { secure: false })).not.to.include('Secure')
		expect(refreshCookie(null, { secure: false })).to.include('refresh_token=; Max-Age=0')
	})

	it('is found among others', () => {
		const plain = { secure: false }
		expect(readRefreshCookie('a=b; refresh_token=abc; c=d', plain)).to.equal('abc')
		for (const header of [undefined, '', 'a=b', 'refresh_token=', ';;=;'])
			expect(readRefreshCookie(header, plain), String(header)).to.equal(undefined)
	})

	it('has a name under HTTPS that a page under HTTP cannot set', () => {
		expect(readRefreshCookie('refresh_token=planted; __Secure-refresh_token=abc', { secure: true })).to.equal('abc')
		expect(readRefreshCookie('refresh_token=planted', { secure: true })).to.equal(undefined)
	})
})

describe('turns', () => {
	it('run work of one key in order, and do not delay other keys', async () => {
		const inTurn = createTurns()
		const seen: string[] = []
		const work = (mark: string, ms: number) => async () => {
			await new Promise(resolve => setTimeout(resolve, ms))
			seen.push(mark)
		}
		await Promise.all([inTurn('a', work('a1', 20)), inTurn('a', work('a2', 0)), inTurn('b', work('b1', 0))])
		expect(seen).to.deep.equal(['b1', 'a1', 'a2'])
	})

	it('continue after failed work', async () => {
		const inTurn = createTurns()
		const failed = inTurn('a', () => Promise.reject(new Error('as planned')))
		const next = inTurn('a', async () => 'done')
		expect(await failed.catch(error => error.message)).to.equal('as planned')
		expect(await next).to.equal('done')
	})
})

describe('the rule that keeps an admin', () => {
	const admin = (id: string) => ({
		id,
		email: '',
		passwordHash: null,
		fullName: '',
		phone: null,
		role: 'admin' as const,
		status: 'active' as const,
	})

	it('does not let admins disable or demote themselves', () => {
		expect(keepsAnAdmin(admin('1'), { status: 'disabled' }, '1', ['1', '2'])).to.equal(false)
		expect(keepsAnAdmin(admin('1'), { status: 'pending' }, '1', ['1', '2'])).to.equal(false)
		expect(keepsAnAdmin(admin('1'), { role: 'doctor' }, '1', ['1', '2'])).to.equal(false)
		expect(keepsAnAdmin(admin('1'), { fullName: 'New', role: 'admin', status: 'active' }, '1', ['1'])).to.equal(true)
	})

	it('does not let anyone demote the last active admin', () => {
		expect(keepsAnAdmin(admin('2'), { role: 'patient' }, '1', ['2'])).to.equal(false)
		expect(keepsAnAdmin(admin('2'), { role: 'patient' }, '1', ['1', '2'])).to.equal(true)
		expect(keepsAnAdmin({ ...admin('3'), status: 'disabled' }, { role: 'patient' }, '1', ['1'])).to.equal(true)
	})
})
