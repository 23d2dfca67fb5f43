import { expect } from 'chai'
import fc from 'fast-check'
import type { Role } from '../../contract/index.ts'
import { feedKeys } from '../../server/platform/live/feed.ts'
import { createRedis, createSubscriber, type Redis } from '../../server/platform/redis/redis.ts'
import type { Subscriber } from '../../server/platform/redis/subscriber.ts'
import type { StoredSlot } from '../../server/slots/availability.ts'
import { createHoldScripts, type HoldScripts } from '../../server/slots/board.ts'
import { fullSlot, jsonBeforeState, visibleChanges, visibleSlot } from '../../server/slots/codec.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

const doctorId = '7'
const minutes = [30_000_000, 30_000_030]

const awkward = [
	'Anna "Quote" O’Neill',
	'back\\slash / slash',
	'","holderId":"9"}',
	'"state":"free"},\n{"id":"1"',
	'line\nbreak\ttab\u0000null\u007f\u2028\u2029',
	'مريم عليّ 張偉 👩‍⚕️',
	']',
	'%s %d %%',
	'',
]

/** The Lua scripts build their JSON as text, which must equal TypeScript's. */
describe('the JSON of a slot that a script completes', () => {
	let redis: Redis
	let subscriber: Subscriber
	let drop: () => Promise<void>
	let holds: HoldScripts
	let published: string[]
	before(async () => {
		const stores = await freshStores()
		drop = stores.drop
		redis = createRedis({ url: stores.redisUrl, name: 'test' })
		subscriber = createSubscriber({ url: stores.redisUrl, name: 'test' })
		holds = createHoldScripts(redis)
		subscriber.on('message', (_channel, text) =>
			published.push(...JSON.parse(text.slice(text.indexOf('['))).map((slot: unknown) => JSON.stringify(slot))),
		)
		await subscriber.subscribe(feedKeys(doctorId).channel)
	})
	beforeEach(() => {
		published = []
	})
	after(async () => {
		redis.disconnect()
		subscriber.disconnect()
		await drop()
	})

	const longAgo = '2000-01-01T00:00:00.000Z'
	const viewing = { view: 'public', nowMs: 0 } as const
	let beside: StoredSlot['alsoBooked']
	const stored = (startMinute: number): StoredSlot => ({
		doctorId,
		startMinute,
		endMinute: startMinute + 30,
		isBlocked: false,
		appointment: null,
		...(beside && { alsoBooked: beside }),
	})
	const place = async (userId: string, name: string, role: Role, holdMs = 60_000) => {
		const placed = await holds.place({
			doctorId,
			knownVersion: await holds.truth(doctorId),
			userId,
			who: { name, role },
			attempt: 'an-attempt',
			holdMs,
			ceilingMs: 5 * holdMs,
			slots: minutes.map(minute => ({ minute, json: jsonBeforeState(stored(minute)) })),
			throughSocket: true,
		})
		if (placed.state !== 'placed') throw new Error(placed.state)
		return placed.untilMs
	}
	const told = async () => {
		await waitFor(() => published.length >= minutes.length, 'what the script tells')
		return published.splice(0)
	}

	/** Checks that each text equals the codec's JSON, key by key, and is cut for the public like the codec's. */
	const expectWritten = (texts: readonly string[], holder?: { userId: string; name: string; role: Role; untilMs: number }) => {
		const slots = minutes.map(minute => fullSlot(stored(minute), holder, 0))
		expect(texts.map(text => JSON.parse(text))).to.deep.equal(slots)
		for (const [index, text] of texts.entries()) {
			const slot = slots[index]!
			expect(text.startsWith(jsonBeforeState(stored(minutes[index]!)))).to.equal(true)
			expect(visibleChanges([JSON.parse(text)], viewing, 3)).to.deep.equal([{ ...visibleSlot(slot, 'public', longAgo), version: 3 }])
		}
	}

	const roundTrip = async (name: string, role: Role, userId: string) => {
		const untilMs = await place(userId, name, role)
		const holder = { userId, name, role, untilMs }
		expectWritten(await told(), holder)
		expect([...(await holds.read(doctorId)).holders.values()]).to.deep.equal([holder, holder])
		await holds.release(doctorId, userId, minutes[0]!)
		expectWritten(await told())
	}

	it('equals the codec’s JSON of a slot that is held and released, for any name of its holder', async () => {
		for (const name of awkward) await roundTrip(name, 'receptionist', '12')
		const anyHolder = [
			fc.string({ unit: 'binary', maxLength: 40 }),
			fc.constantFrom<Role>('patient', 'doctor', 'admin'),
			fc.bigInt(1n, 10n ** 17n),
		] as const
		await fc.assert(
			fc.asyncProperty(...anyHolder, (name, role, id) => roundTrip(name, role, String(id))),
			{ numRuns: 100 },
		)
	})

	it('equals the codec’s JSON of a slot beside which other visits are, for any name of their patients', async () => {
		try {
			for (const patientName of awkward) {
				beside = [{ id: '5', status: 'booked', patientName }]
				await roundTrip('Desk', 'receptionist', '12')
			}
		} finally {
			beside = undefined
		}
	})

	it('equals the codec’s JSON of a slot whose hold expired', async () => {
		const holder = { userId: '12', name: awkward[0]!, role: 'patient' as const }
		const untilMs = await place(holder.userId, holder.name, holder.role, 40)
		expectWritten(await told(), { ...holder, untilMs })
		await waitFor(async () => (await holds.expire()).ended.length > 0, 'the hold to run out')
		expectWritten(await told())
	})
})
