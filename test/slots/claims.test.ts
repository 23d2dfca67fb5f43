import { expect } from 'chai'
import { feedKeys } from '../../server/platform/live/feed.ts'
import { createLeases } from '../../server/platform/mailbox/lease.ts'
import { type BatchOf, createMailbox, type Mailbox } from '../../server/platform/mailbox/mailbox.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis, createSubscriber, type Redis } from '../../server/platform/redis/redis.ts'
import type { Subscriber } from '../../server/platform/redis/subscriber.ts'
import { createHoldScripts, type HoldScripts } from '../../server/slots/board.ts'
import { type BoardEnd, type BoardSeen, boardRider, type Claim, createClaim } from '../../server/slots/board-rider.ts'
import { jsonBeforeState } from '../../server/slots/codec.ts'
import { instantOf, slotId } from '../../server/slots/slot-id.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

const doctorId = '7'
const [first, second] = [30_000_000, 30_000_030] as const
const aSlot = (minute: number) => ({ doctorId, startMinute: minute, endMinute: minute + 30, isBlocked: false, appointment: null })

type Batch = BatchOf<string, BoardSeen, BoardEnd>

describe('a hold while a booking is being settled', () => {
	let redis: Redis
	let subscriber: Subscriber
	let drop: () => Promise<void>
	let holds: HoldScripts
	let claim: Claim
	let mailbox: Mailbox<string>
	let onBatch: (batch: Batch, ended: () => void) => void
	let told: string[]

	const jsonOf = (minute: number) => jsonBeforeState(aSlot(minute))
	beforeEach(async () => {
		const stores = await freshStores()
		drop = stores.drop
		redis = createRedis({ url: stores.redisUrl, name: 'test' })
		subscriber = createSubscriber({ url: stores.redisUrl, name: 'test' })
		holds = createHoldScripts(redis)
		claim = createClaim(redis)
		mailbox = createMailbox({
			redis,
			leases: createLeases({ redis, leaseMs: 5000 }),
			rider: boardRider,
			handler: { settle: batch => new Promise<void>(ended => onBatch(batch, ended)), refuse: async () => {} },
			roomFor: () => 1,
			log: createLog('silent'),
		})
		told = []
		const changes = told
		subscriber.on('message', (_channel, text) => {
			for (const { id, state } of JSON.parse(text.slice(text.indexOf('['))) as { id: string; state: string }[]) {
				changes.push(`${id === slotId(doctorId, first) ? 'first' : 'second'} ${state}`)
			}
		})
		await subscriber.subscribe(feedKeys(doctorId).channel)
	})
	afterEach(async () => {
		redis.disconnect()
		subscriber.disconnect()
		await drop()
	})

	const place = async (userId: string, minutes: readonly number[], holdMs = 60_000, knownVersion?: number) =>
		holds.place({
			doctorId,
			knownVersion: knownVersion ?? (await holds.truth(doctorId)),
			userId,
			who: { name: userId, role: 'patient' },
			attempt: `attempt of ${userId}`,
			holdMs,
			ceilingMs: 5 * holdMs,
			slots: minutes.map(minute => ({ minute, json: jsonOf(minute) })),
			throughSocket: false,
		})
	/** A batch of another booking that has claimed the slots, and a function that ends it. */
	const claimed = async (userId: string, minutes: readonly number[]) => {
		const [batch, ended] = await new Promise<[Batch, () => void]>((resolve, reject) => {
			onBatch = (...begun) => resolve(begun)
			mailbox.post(doctorId, 'a booking').catch(reject)
		})
		const { lease } = batch.parcels.get(doctorId)!
		const won = minutes.map(minute => ({ slot: aSlot(minute), userId }))
		const held = await claim(lease, doctorId, won)
		const finish = async (end: Partial<BoardEnd>) => {
			await batch.finish(doctorId, batch.entries, { changes: [], unhold: [], unclaim: [], reset: false, ...end })
			ended()
		}
		return { held, finish }
	}
	const toldInTheEnd = async (...changes: string[]) => {
		await waitFor(async () => {
			await holds.expire()
			return told.length >= changes.length
		}, changes.join(', '))
		expect(told).to.deep.equal(changes)
	}

	it('keeps other holds off slots that its holder releases, until the booking is settled', async () => {
		await place('1', [first, second])
		const booking = await claimed('1', [first, second])
		expect(await holds.release(doctorId, '1', first)).to.have.length(2)
		expect(await place('2', [second])).to.include({ state: 'held' })
		await booking.finish({ unclaim: [first, second] })
		await toldInTheEnd('first held', 'second held', 'first free', 'second free')
		expect(await place('2', [second])).to.include({ state: 'placed' })
	})

	it('keeps other holds off slots that its holder leaves out of a renewal, until the booking is settled', async () => {
		await place('1', [first, second])
		const booking = await claimed('1', [first, second])
		expect((await place('1', [first])) as { ended: object[] }).to.deep.include({
			state: 'placed',
			ended: [first, second].map(minute => ({ userId: '1', slotId: slotId(doctorId, minute), attempt: 'attempt of 1' })),
		})
		expect(await place('2', [second])).to.include({ state: 'held' })
		await booking.finish({ unclaim: [first, second] })
		await toldInTheEnd('first held', 'second held', 'first held', 'second free')
	})

	it('does not end before the booking is settled', async () => {
		await place('1', [first], 30)
		const booking = await claimed('1', [first])
		await new Promise(resolve => setTimeout(resolve, 50))
		await holds.expire()
		expect(await place('2', [first])).to.include({ state: 'held' })
		await booking.finish({ unclaim: [first] })
		await toldInTheEnd('first held', 'first free')
	})

	it('is published as free when it expired just before another’s booking, which then fails', async () => {
		await place('1', [first], 30)
		await waitFor(() => told.length === 1, 'the hold to be told')
		await new Promise(resolve => setTimeout(resolve, 50))
		// The sweep has not run yet.
		const booking = await claimed('2', [first])
		expect(booking.held).to.deep.equal([])
		await booking.finish({ unclaim: [first] })
		await toldInTheEnd('first held', 'first free')
	})

	it('cannot be placed by a request that read the database before a booking was settled', async () => {
		const before = await holds.truth(doctorId)
		const booking = await claimed('1', [first])
		await booking.finish({
			unhold: [first],
			changes: [{ id: slotId(doctorId, first), doctorId, startsAt: instantOf(first), endsAt: instantOf(second), state: 'booked' }],
		})
		expect(await place('2', [first], 60_000, before)).to.deep.equal({ state: 'stale', truth: await holds.truth(doctorId) })
	})

	it('cannot be placed by a node that knows only versions from before Redis lost its memory', async () => {
		const before = await holds.truth(doctorId)
		await new Promise(resolve => setTimeout(resolve, 10))
		await redis.flushdb()
		expect(await place('2', [first], 60_000, before)).to.include({ state: 'stale' })
	})

	it('cannot be placed by a node that knows a number which a lagging replica, now the master, will give out again', async () => {
		const version = await holds.truth(doctorId)
		expect(await place('2', [first], 60_000, version + 1)).to.deep.equal({ state: 'stale', truth: version })
	})
})
