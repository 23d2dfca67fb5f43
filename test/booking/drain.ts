import { randomUUID } from 'node:crypto'
import type { Appointment } from '../../contract/index.ts'
import { createEffects } from '../../server/booking/effects.ts'
import type {
	Batch,
	BookingRequest,
	CancelRequest,
	ChangeRequest,
	Happening,
	Outcome,
	QueueRequest,
	RescheduleRequest,
} from '../../server/booking/requests.ts'
import { createSettle, type SettleDeps } from '../../server/booking/settle.ts'
import { createAppointmentTypes } from '../../server/clinic/appointment-types.ts'
import { createDoctors } from '../../server/clinic/doctors.ts'
import { type Config, loadConfig } from '../../server/config.ts'
import type { Actor } from '../../server/identity/actor.ts'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { createPipeline, type Run } from '../../server/platform/database/pipeline.ts'
import { feedKeys } from '../../server/platform/live/feed.ts'
import { createLeases, type Leases } from '../../server/platform/mailbox/lease.ts'
import { createMailbox, keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis, createSubscriber, type Redis } from '../../server/platform/redis/redis.ts'
import { tagOf } from '../../server/platform/redis/shard.ts'
import type { Subscriber } from '../../server/platform/redis/subscriber.ts'
import { boardRider, type Claim, createClaim } from '../../server/slots/board-rider.ts'
import { createHolds, type Holds } from '../../server/slots/holds.ts'
import { parseSlotId } from '../../server/slots/slot-id.ts'
import { someSlots } from '../support/calendar.ts'
import { testEnvironment } from '../support/environment.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { expectConsistent } from './desk.ts'

/** The parts below a node: stores, holds, and mailboxes that no node drains. */
export type Bench = {
	db: Db
	config: Config
	redis: Redis
	subscriber: Subscriber
	run: Run
	leases: Leases
	claim: Claim
	holds: Holds
	redisUrl: string
	queue: {
		/** Leaves a request in its doctor's mailbox, like a node that dies right after appending. */
		add(request: QueueRequest): Promise<void>
		length(doctorId: string): Promise<number>
	}
}

const log = createLog('silent')

export const useBench = (): Bench => {
	let bench: Bench | undefined
	let stop = async () => {}
	before(async () => {
		const stores = await freshStores()
		const db = createDatabase({ url: stores.databaseUrl, poolSize: 4 })
		const pipeline = createPipeline({ url: stores.databaseUrl, connections: 4, prepare: true, log })
		const redis = createRedis({ url: stores.redisUrl, name: 'test' })
		const subscriber = createSubscriber({ url: stores.redisUrl, name: 'test' })
		const { run } = pipeline
		bench = {
			db,
			run,
			redis,
			subscriber,
			redisUrl: stores.redisUrl,
			config: loadConfig(testEnvironment('/tmp')),
			leases: createLeases({ redis, leaseMs: 4000 }),
			claim: createClaim(redis),
			holds: createHolds({
				history: { note() {} },
				redis,
				run,
				types: createAppointmentTypes(run),
				doctors: createDoctors(run),
				knownVersion: () => undefined,
				holdMs: 60_000,
				holdMsStaff: 60_000,
				nowMs: Date.now,
			}),
			queue: {
				async add(request) {
					const { doctorId } = request
					await redis.xadd(keyOf.stream(doctorId), '*', 'r', JSON.stringify(request))
					await redis.zadd(keyOf.waiting(tagOf(doctorId)), 'NX', Date.now(), doctorId)
				},
				length: doctorId => redis.xlen(keyOf.stream(doctorId)),
			},
		}
		stop = async () => {
			redis.disconnect()
			subscriber.disconnect()
			await pipeline.stop()
			await db.destroy()
			await stores.drop()
		}
	})
	after(() => stop())
	return new Proxy({} as Bench, { get: (_target, name) => Reflect.get(bench as Bench, name) })
}

type Overrides = Partial<Pick<SettleDeps, 'run' | 'claim'>> & {
	leases?: Leases
	/** Runs before the effects. */
	beforeEffects?: () => Promise<void>
	/** Replaces the end of a batch. */
	finish?: Batch['finish']
	/** Called when a batch begins, with its number of requests by doctor. */
	onBatch?: (requests: Record<string, number>) => void
	deliver?: (replies: readonly { messageId: string; outcome: Outcome }[]) => void
}

/** A node's drain of mailboxes, and everything that it published and answered. */
export const aDrain = (bench: Bench, overrides: Overrides = {}) => {
	const { redis } = bench
	const outcomes = new Map<string, Outcome[]>()
	const happenings: Happening[] = []
	const run = overrides.run ?? bench.run
	const effects = createEffects({
		replies: {
			deliver(replies) {
				for (const { messageId, outcome } of replies) outcomes.set(messageId, [...(outcomes.get(messageId) ?? []), outcome])
				overrides.deliver?.(replies)
			},
		},
		holds: { forget: async () => {} },
		notify: list => void happenings.push(...list),
		tellOffers: () => {},
		wakeReminders: () => {},
		observe: { settled: () => {}, published: () => {} },
	})
	const handler = createSettle({
		run,
		policy: async () => ({ cancelCutoffMs: 0, overbooking: 'staff' }),
		notices: { channels: [], leadMinutes: [] },
		offering: { openSeconds: 1800, quiet: undefined },
		claim: overrides.claim ?? bench.claim,
		effects: {
			async follow(batch, settled) {
				await overrides.beforeEffects?.()
				await effects.follow(overrides.finish ? { ...batch, finish: overrides.finish } : batch, settled)
			},
		},
		log,
	})
	const observe = {
		contended: () => {},
		failed: () => {},
		strayed: () => {},
		async around(batch: Batch, work: () => Promise<void>) {
			overrides.onBatch?.(Object.fromEntries([...batch.parcels].map(([doctorId, { entries }]) => [doctorId, entries.length])))
			await work()
		},
	}
	const mailbox = createMailbox({ redis, leases: overrides.leases ?? bench.leases, rider: boardRider, handler, roomFor, observe, log })
	return {
		...mailbox,
		outcomes,
		happenings,
		/** Drains a doctor's mailbox until it is empty. */
		async empty(doctorId: string) {
			await waitFor(async () => {
				mailbox.wake(doctorId)
				return (await bench.queue.length(doctorId)) === 0
			}, 'an empty mailbox')
			await mailbox.stop()
		},
		/** The outcome of a request: `ok` or a code. */
		answer: (request: ChangeRequest) => codeOfOutcome(outcomes.get(request.id)?.at(-1)),
		appointment: (request: ChangeRequest): Appointment => {
			const outcome = outcomes.get(request.id)?.at(-1)
			if (!outcome || !('done' in outcome)) throw new Error(`not done: ${JSON.stringify(outcome)}`)
			return outcome.done
		},
	}
}

const roomFor = (request: QueueRequest) => (request.kind === 'announce' ? Number.MAX_SAFE_INTEGER : 20_000)

const codeOfOutcome = (outcome: Outcome | undefined): string =>
	outcome === undefined ? 'untold' : 'done' in outcome ? 'ok' : 'refused' in outcome ? outcome.refused : 'forward'

/** Runs statements unchanged, and something else after one of them. */
export const afterStatement =
	(run: Run, name: string, then: () => Promise<void>): Run =>
	async (statement, values) => {
		const rows = await run(statement, values)
		if (statement.name === name) await then()
		return rows as never
	}

/** Records what watchers of a doctor receive, in order: `minute state`, or `reset`. */
export const hear = async ({ subscriber }: Bench, doctorId: string): Promise<string[]> => {
	const heard: string[] = []
	const { channel } = feedKeys(doctorId)
	subscriber.on('message', (on, text) => {
		if (on !== channel) return
		const changes = JSON.parse(text.slice(text.indexOf(' ', text.indexOf(' ') + 1) + 1)) as { id: string; state: string }[]
		if (changes.length === 0) heard.push('reset')
		for (const { id, state } of changes) heard.push(`${id} ${state}`)
	})
	await subscriber.subscribe(channel)
	return heard
}

const common = (by: string) => {
	const id = randomUUID()
	return { id, node: 'nobody', by, privileged: false, key: id, fingerprint: id, origin: { ip: '::1', requestId: id } }
}

const refOf = (id: string) => parseSlotId(id) as NonNullable<ReturnType<typeof parseSlotId>>

/** Builds requests as commands append them. The clinic's first appointment type has the id 1. */
export const aBooking = (patient: { id: string }, slot: string, changes: Partial<BookingRequest> = {}): BookingRequest => ({
	...common(patient.id),
	...refOf(slot),
	kind: 'book',
	minutes: undefined,
	typeId: '1',
	patientId: patient.id,
	reason: undefined,
	...changes,
})

export const aMove = (
	patient: { id: string },
	appointmentId: string,
	slot: string,
	changes: Partial<RescheduleRequest> = {},
): RescheduleRequest => ({
	...common(patient.id),
	...refOf(slot),
	kind: 'reschedule',
	appointmentId,
	fromDoctorId: refOf(slot).doctorId,
	...changes,
})

export const aCancellation = (
	patient: { id: string },
	{ id: appointmentId, doctorId }: { id: string; doctorId: string },
	changes: Partial<CancelRequest> = {},
): CancelRequest => ({ ...common(patient.id), kind: 'cancel', doctorId, appointmentId, reason: undefined, ...changes })

export const actorOf = (person: { id: string; fullName: string }): Actor => ({
	userId: person.id,
	role: 'patient',
	status: 'active',
	fullName: person.fullName,
	patientId: person.id,
	sessionId: 's',
	tokenExpiresAtMs: Date.now() + 60_000,
})

export type Scene = { doctor: Person; other: Person; patient: Person; slots: string[]; otherSlots: string[] }

/** Two doctors, each with eight free slots at the same times, and a patient. */
export const aScene = async (bench: Bench): Promise<Scene> => {
	const [doctor, other, patient] = [await aDoctor(bench), await aDoctor(bench), await aPatient(bench)]
	const [slots, otherSlots] = [await someSlots(bench, doctor.id, { count: 8 }), await someSlots(bench, other.id, { count: 8 })]
	return { doctor, other, patient, slots, otherSlots }
}

/** A bench for one `describe`, with a new scene before each test and a check of the database after each. */
export const useScene = (take: (scene: Scene) => void): Bench => {
	const bench = useBench()
	beforeEach(async () => take(await aScene(bench)))
	afterEach(() => expectConsistent(bench))
	return bench
}

export const lockKey = keyOf.lease
