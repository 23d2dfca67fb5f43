import { expect } from 'chai'
import { Redis } from 'ioredis'
import { createRedis } from '../../server/platform/redis/redis.ts'
import { Refusal } from '../../server/platform/refusal.ts'
import { createLimiters, type Limiter } from '../../server/platform/security/rate-limit.ts'
import { freshStores } from '../support/servers.ts'

const outcome = (work: Promise<void>): Promise<string> =>
	work.then(
		() => 'let through',
		error => (error instanceof Refusal ? error.code : `failed: ${error}`),
	)

const outcomes = (count: number, work: () => Promise<void>) => Promise.all(Array.from({ length: count }, () => outcome(work())))

const passed = (list: string[]) => list.filter(each => each === 'let through').length

describe('a limit', () => {
	let redisUrl = ''
	let drop = async () => {}
	const connections: ReturnType<typeof createRedis>[] = []

	const aNode = async (url = redisUrl): Promise<Limiter> => {
		const redis = createRedis({ url, name: 'limit-test' })
		redis.on('error', () => {})
		connections.push(redis)
		if (url === redisUrl) await redis.ping()
		return createLimiters({ redis, enabled: true })({ name: 'test', points: 5, perSeconds: 2 })
	}

	beforeEach(async () => {
		;({ redisUrl, drop } = await freshStores())
	})
	afterEach(async () => {
		for (const redis of connections.splice(0)) redis.disconnect()
		await drop()
	})

	it('allows exactly its points, however many calls arrive at once at however many nodes', async () => {
		const [one, other] = [await aNode(), await aNode()]
		const answers = await Promise.all([outcomes(20, () => one.consume('ada')), outcomes(20, () => other.consume('ada'))])
		expect(passed(answers.flat())).to.equal(5)
		expect(new Set(answers.flat())).to.deep.equal(new Set(['let through', 'rate_limited']))
	})

	it('counts each key separately', async () => {
		const limiter = await aNode()
		await outcomes(9, () => limiter.consume('ada'))
		expect(await outcome(limiter.consume('bea'))).to.equal('let through')
	})

	it('says when to retry, and then allows calls again', async () => {
		const limiter = await aNode()
		await limiter.consume('ada', 5)
		const refusal = await limiter.consume('ada').catch(error => error)
		expect(refusal).to.be.instanceOf(Refusal)
		expect(refusal.details.retryAfterSeconds).to.be.within(1, 2)
		await new Promise(resolve => setTimeout(resolve, 2100))
		expect(await outcome(limiter.consume('ada'))).to.equal('let through')
	})

	it('can be checked without counting, and reset', async () => {
		const limiter = await aNode()
		expect(passed(await outcomes(20, () => limiter.check('ada')))).to.equal(20)
		await limiter.consume('ada', 5)
		expect(await outcome(limiter.check('ada'))).to.equal('rate_limited')
		await limiter.reset('ada')
		expect(await outcome(limiter.check('ada'))).to.equal('let through')
		expect(await outcome(limiter.consume('ada'))).to.equal('let through')
	})

	it('counts on each node separately while Redis is away', async () => {
		const limiter = await aNode('redis://127.0.0.1:1')
		const answers = await outcomes(20, () => limiter.consume('ada'))
		expect(passed(answers)).to.equal(5)
		expect(new Set(answers)).to.deep.equal(new Set(['let through', 'rate_limited']))
		expect(await outcome(limiter.check('ada'))).to.equal('rate_limited')
		await limiter.reset('ada')
	})

	it('allows everything when limits are off', async () => {
		const limiter = createLimiters({ redis: new Redis({ lazyConnect: true }), enabled: false })({ name: 'off', points: 1, perSeconds: 60 })
		expect(passed(await outcomes(50, () => limiter.consume('ada')))).to.equal(50)
	})
})
