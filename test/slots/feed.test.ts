import { expect } from 'chai'
import { createFeed, type FeedMessage } from '../../server/platform/live/feed.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis, createSubscriber, type Redis } from '../../server/platform/redis/redis.ts'
import type { Subscriber } from '../../server/platform/redis/subscriber.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

describe('a feed', () => {
	let redis: Redis
	let subscriber: Subscriber
	let drop: () => Promise<void>
	beforeEach(async () => {
		const stores = await freshStores()
		drop = stores.drop
		redis = createRedis({ url: stores.redisUrl, name: 'test' })
		subscriber = createSubscriber({ url: stores.redisUrl, name: 'test' })
	})
	afterEach(async () => {
		redis.disconnect()
		subscriber.disconnect()
		await drop()
	})

	const auditMs = 40
	const afterAudits = () => new Promise(resolve => setTimeout(resolve, 8 * auditMs))

	const following = (through: Redis = redis) => {
		const arrived: FeedMessage[] = []
		const feed = createFeed({
			redis: through,
			subscriber,
			log: createLog('silent'),
			deliver: message => void arrived.push(message),
			auditMs,
		})
		return { feed, arrived }
	}

	/** Redis whose answers about versions can be kept waiting. */
	const withSlowVersions = () => {
		let gate = Promise.resolve()
		let asked = 0
		const slow = new Proxy(redis, {
			get: (target, name) => {
				const value = Reflect.get(target, name)
				if (typeof value !== 'function') return value
				if (name !== 'feedRead') return value.bind(target)
				return async (...args: unknown[]) => {
					const version = await value.apply(target, args)
					asked++
					await gate
					return version
				}
			},
		})
		return {
			slow,
			asked: () => asked,
			hold: () => {
				let open = () => {}
				gate = new Promise(resolve => (open = resolve))
				return open
			},
		}
	}

	it('resets nothing for a topic that nobody follows any more, also when it was left before it was followed', async () => {
		const { feed } = following()
		const followed = feed.follow('left')
		feed.unfollow('left')
		await followed.catch(() => {})
		await feed.reset('left')
		const version = await feed.version('left')
		await afterAudits()
		expect(await feed.version('left')).to.equal(version)
		await feed.stop()
	})

	it('knows what arrived while it was beginning to follow', async () => {
		const { slow, asked, hold } = withSlowVersions()
		const { feed, arrived } = following(slow)
		const open = hold()
		const followed = feed.follow('early')
		await waitFor(() => asked() >= 1, 'the version to be read')
		await feed.reset('early')
		await waitFor(() => arrived.length === 1, 'the change to arrive')
		open()
		await followed
		expect(feed.arrived('early')).to.equal(arrived[0]?.to)
		await afterAudits()
		expect(arrived).to.have.length(1)
		await feed.stop()
	})

	it('makes followers start over when a change did not arrive', async () => {
		const { feed, arrived } = following()
		await feed.follow('lossy')
		const version = await feed.version('lossy')
		const { feedKeys } = await import('../../server/platform/live/feed.ts')
		await redis.incrby(feedKeys('lossy').versionKey, 3)
		await waitFor(() => arrived.length > 0, 'the reset')
		expect(arrived[0]?.from).to.be.greaterThan(version + 3)
		await afterAudits()
		expect(arrived).to.have.length(1)
		await feed.stop()
	})
})
