import { expect } from 'chai'
import { Redis } from 'ioredis'
import { useNode } from '../support/node.ts'

const watchedMs = 4000

/** Counts calls by command since the last reset, including those of scripts. */
const callsOf = async (redis: Redis): Promise<Record<string, number>> => {
	const lines = (await redis.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)
	return Object.fromEntries([...lines].map(([, name, calls]) => [name as string, Number(calls)]))
}

describe('an idle node', () => {
	const node = useNode()

	it('sends Redis only a few commands a second, for plans that bill commands', async function () {
		this.slow(2 * watchedMs + 2000)
		const redis = new Redis(node.redisUrl)
		await redis.config('RESETSTAT')
		await new Promise(resolve => setTimeout(resolve, watchedMs))
		const { info: _info, 'config|resetstat': _reset, ...calls } = await callsOf(redis)
		redis.disconnect()
		const perSecond = (count = 0) => count / (watchedMs / 1000)
		const all = Object.values(calls).reduce((sum, count) => sum + count, 0)
		console.log(`      ${perSecond(all).toFixed(1)} commands a second: ${JSON.stringify(calls)}`)
		expect(perSecond(calls.evalsha)).to.be.within(1, 5)
		expect(perSecond(all)).to.be.below(12)
	})
})
