import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
// @ts-expect-error redlock's package.json exports name no types for NodeNext; the part that is used is typed here.
import RedlockModule, { Lock as LockModule } from 'redlock'
import { createRedis, type Redis } from '../../server/platform/redis/redis.ts'
import { freshStores } from '../support/servers.ts'

type Lock = { value: string; expiration: number; release(): Promise<unknown>; extend(durationMs: number): Promise<Lock> }
type Redlock = { acquire(resources: string[], durationMs: number): Promise<Lock>; on(event: 'error', listener: () => void): void }
const RedlockClass = RedlockModule as new (clients: Redis[], settings: Record<string, number>) => Redlock
const LockClass = LockModule as new (redlock: Redlock, keys: string[], token: string, attempts: [], expiresAtMs: number) => Lock

/** A script that takes a lease together with other work. */
const takeScript = `${readFileSync(new URL('../../server/platform/mailbox/lease.lua', import.meta.url), 'utf8')}
return lease_take(KEYS[1], ARGV[1], tonumber(ARGV[2])) and 1 or 0`

// Fails when an upgrade changes the form of the library's leases, because our scripts take leases in that form.
describe('a lease in the form of Redlock', () => {
	let stores: Awaited<ReturnType<typeof freshStores>>
	let redis: Redis
	let redlock: Redlock
	before(async () => {
		stores = await freshStores()
		redis = createRedis({ url: stores.redisUrl, name: 'liveslot test' })
		redlock = new RedlockClass([redis], { retryCount: 0, driftFactor: 0.01, automaticExtensionThreshold: 500 })
		redlock.on('error', () => {})
	})
	after(async () => {
		redis.disconnect()
		await stores.drop()
	})

	const aKey = () => `lease:{${randomUUID()}}`
	const take = async (key: string, token: string, leaseMs = 5000) => (await redis.eval(takeScript, 1, key, token, leaseMs)) === 1
	const lockOf = (key: string, token: string) => new LockClass(redlock, [key], token, [], Date.now() + 5000)
	const nameOfFailure = (work: Promise<unknown>) =>
		work.then(
			() => 'none',
			(error: Error) => error.name,
		)

	it('taken by a script refuses the library, which can extend and release it', async () => {
		const key = aKey()
		expect(await take(key, 'a token')).to.equal(true)
		expect(await nameOfFailure(redlock.acquire([key], 5000))).to.equal('ExecutionError')
		const extended = await lockOf(key, 'a token').extend(60_000)
		expect(await redis.pttl(key)).to.be.above(50_000)
		expect(extended.value).to.equal('a token')
		await extended.release()
		expect(await redis.exists(key)).to.equal(0)
	})

	it('taken by the library refuses scripts, has the token as its value, and is free once released or expired', async () => {
		const key = aKey()
		const lock = await redlock.acquire([key], 5000)
		expect(await redis.get(key)).to.equal(lock.value)
		expect(await redis.pttl(key)).to.be.within(4000, 5000)
		expect(await take(key, 'a token')).to.equal(false)
		await lock.release()
		expect(await take(key, 'a token', 50)).to.equal(true)
		await new Promise(resolve => setTimeout(resolve, 100))
		expect(await redlock.acquire([key], 5000)).to.have.property('value')
	})

	it('that has passed to another owner is neither released nor extended by the previous one', async () => {
		const key = aKey()
		await take(key, 'the later token')
		const before = lockOf(key, 'the token before')
		expect(await nameOfFailure(before.extend(60_000))).to.equal('ExecutionError')
		expect(await nameOfFailure(before.release())).to.equal('ExecutionError')
		expect(await redis.get(key)).to.equal('the later token')
		expect(await redis.pttl(key)).to.be.below(6000)
	})
})
