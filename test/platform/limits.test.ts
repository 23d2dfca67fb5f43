import { expect } from 'chai'
import { Refusal } from '../../server/platform/refusal.ts'
import { networkOf } from '../../server/platform/security/client-address.ts'
import { createBucket, inLots, onAccount } from '../../server/platform/security/rate-limit.ts'

describe('limits by address', () => {
	it('count each IPv4 address separately, in every notation', () => {
		expect(networkOf('10.0.0.1')).to.equal('10.0.0.1')
		expect(networkOf('::ffff:10.0.0.1')).to.equal('10.0.0.1')
		expect(networkOf('::FFFF:10.0.0.2')).to.equal('10.0.0.2')
	})

	it('count all addresses of one IPv6 subscriber together', () => {
		const network = '2001:db8:0:7::/64'
		for (const ip of [
			'2001:db8:0:7::1',
			'2001:0DB8:0000:0007:ffff::2',
			'2001:db8:0:7:1:2:3:4',
			'2001:db8:0:7::',
			'2001:db8::7:0:0:0:9%eth0',
		])
			expect(networkOf(ip), ip).to.equal(network)
		expect(networkOf('2001:db8:0:8::1')).not.to.equal(network)
		expect(networkOf('::1')).to.equal('0:0:0:0::/64')
	})

	it('leave other text unchanged', () => {
		for (const text of ['', 'unknown', '10.0.0.1:80', ':::']) expect(networkOf(text)).to.equal(text)
	})
})

describe('a limit drawn in lots', () => {
	/** A limiter with this many points that notes each request for points. */
	const aLimiter = (points: number) => {
		const drawn: number[] = []
		let left = points
		return {
			drawn,
			consume: async (_key: string, count = 1) => {
				drawn.push(count)
				left -= count
				if (left < 0) throw new Refusal('rate_limited')
			},
			check: async () => {},
			reset: async () => {},
		}
	}

	it('allows exactly as many calls as were drawn, also when all arrive at once', async () => {
		const limiter = aLimiter(40)
		const allowance = inLots(limiter, 20, 1000)
		const answers = await Promise.allSettled(Array.from({ length: 100 }, () => allowance('ada')))
		expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.length(40)
		expect(limiter.drawn.slice(0, 3)).to.deep.equal([20, 20, 20])
	})

	it('asks Redis once for many calls, and continues them in order', async () => {
		const limiter = aLimiter(1000)
		const allowance = inLots(limiter, 20, 1000)
		const passed: number[] = []
		await Promise.all(Array.from({ length: 50 }, (_, index) => allowance('ada').then(() => passed.push(index))))
		expect(passed).to.deep.equal(Array.from({ length: 50 }, (_, index) => index))
		expect(limiter.drawn).to.deep.equal([20, 20, 20])
	})

	it('does not save unused points', async () => {
		const limiter = aLimiter(1000)
		const allowance = inLots(limiter, 20, 30)
		await allowance('ada')
		await new Promise(resolve => setTimeout(resolve, 60))
		await allowance('ada')
		expect(limiter.drawn).to.deep.equal([20, 20])
	})
})

describe('a limit charged afterwards', () => {
	it('allows a key until its charges exceed the limit, and counts the debt until it is paid', async () => {
		let left = 40
		const limiter = {
			consume: async (_key: string, count = 1) => {
				left -= count
				if (left < 0) throw new Refusal('rate_limited')
			},
			check: async () => {},
			reset: async () => {},
		}
		const account = onAccount(limiter, 10, 1000)
		await account.check('ada')
		account.charge('ada', 25)
		await account.check('ada')
		expect(left, 'three lots: one before, two for the debt').to.equal(10)
		account.charge('ada', 16)
		const refused = await account.check('ada').catch(error => error)
		expect(refused).to.be.instanceOf(Refusal)
	})
})

describe('a bucket', () => {
	it('gives its burst at once, and then only its rate', () => {
		let nowMs = 0
		const take = createBucket({ perSecond: 10, burst: 5 }, () => nowMs)
		const taken = (tries: number) => Array.from({ length: tries }, take).filter(Boolean).length
		expect(taken(9)).to.equal(5)
		nowMs += 250
		expect(taken(9)).to.equal(2)
		nowMs += 60_000
		expect(taken(99), 'never more than at once').to.equal(5)
	})
})
