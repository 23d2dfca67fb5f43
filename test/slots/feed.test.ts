import { expect } from 'chai'
import { createFeed, type FeedMessage, feedKeys } from '../../server/platform/live/feed.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis, createSubscriber, type Redis } from '../../server/platform/redis/redis.ts'
import type { Subscriber } from '../../server/platform/redis/subscriber.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

describe('a feed', () => {
	let redis: Redis
	let subscriber: Subscriber
	let url: string
	let drop: () => Promise<void>
	beforeEach(async () => {
		const stores = await freshStores()
		drop = stores.drop
		url = stores.redisUrl
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

	/** A Redis whose answers about versions can be delayed. */
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

	it('does not reset a topic that was left, even before following began', async () => {
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

	it('counts changes that arrived while following began', async () => {
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
		await redis.incrby(feedKeys('lossy').versionKey, 3)
		await waitFor(() => arrived.length > 0, 'the reset')
		expect(arrived[0]?.from).to.be.greaterThan(version + 3)
		await afterAudits()
		expect(arrived).to.have.length(1)
		await feed.stop()
	})

	/** The state of a lagging replica when it is promoted. */
	const setBack = (topic: string, version: number) => redis.set(feedKeys(topic).versionKey, version)

	it('raises a counter that went back above every number it saw, and makes followers start over', async () => {
		const { feed, arrived } = following()
		await feed.follow('lagged')
		for (let i = 0; i < 3; i++) await feed.reset('lagged')
		await waitFor(() => arrived.length === 3, 'the changes to arrive')
		const seen = feed.arrived('lagged')
		await setBack('lagged', seen - 4)
		await waitFor(() => arrived.length > 3, 'the reset')
		expect(arrived[3]).to.deep.include({ changes: '[]' })
		expect(arrived[3]?.from).to.be.greaterThan(seen + 1)
		expect(feed.arrived('lagged')).to.equal(await feed.version('lagged'))
		await afterAudits()
		expect(arrived).to.have.length(4)
		await feed.stop()
	})

	it('notices repeated numbers although they have already passed the last number it saw', async () => {
		const { feed, arrived } = following()
		await feed.follow('again')
		for (let i = 0; i < 3; i++) await feed.reset('again')
		await waitFor(() => arrived.length === 3, 'the changes to arrive')
		const seen = feed.arrived('again')
		await setBack('again', seen - 3)
		for (let i = 0; i < 6; i++) {
			const version = await redis.incr(feedKeys('again').versionKey)
			await redis.publish(feedKeys('again').channel, `${version} ${version} [{}]`)
		}
		// On a busy machine the feed may find the repetition before it has received all six.
		await waitFor(() => arrived.slice(3).some(({ changes, from }) => changes === '[]' && from > seen + 4), 'the reset')
		await feed.stop()
	})

	it('makes followers start over once after its connection was lost', async () => {
		const { feed, arrived } = following()
		await feed.follow('cut')
		const [{ versionKey }, version] = [feedKeys('cut'), await feed.version('cut')]
		const admin = createRedis({ url, name: 'admin' })
		await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
		// Changes of another history that end at the number which this follower knows.
		await admin.set(versionKey, version)
		admin.disconnect()
		await waitFor(() => arrived.length > 0, 'the reset')
		expect(arrived[0]?.from).to.be.greaterThan(version + 1)
		await afterAudits()
		expect(arrived).to.have.length(1)
		await feed.stop()
	})

	it('does not keep the number of an unused topic in Redis for ever', async () => {
		const { feed } = following()
		await feed.version('unused')
		expect(await redis.pttl(feedKeys('unused').versionKey)).to.be.within(3_600_000, 7 * 86_400_000)
		await feed.reset('unused')
		expect(await redis.pttl(feedKeys('unused').versionKey)).to.be.within(3_600_000, 7 * 86_400_000)
		await feed.stop()
	})
})
