import { randomUUID } from 'node:crypto'
import type { Appointment } from '../../contract/index.ts'
import { createDrain, type DrainDeps } from '../../server/booking/drain.ts'
import type { Happening, Outcome } from '../../server/booking/outcome.ts'
import { createQueue, lockKey, type Queue } from '../../server/booking/queue.ts'
import type { BookingRequest, CancelRequest, ChangeRequest, RescheduleRequest } from '../../server/booking/request.ts'
import { createAppointmentTypes } from '../../server/clinic/appointment-types.ts'
import { createDoctors } from '../../server/clinic/doctors.ts'
import { type Config, loadConfig } from '../../server/config.ts'
import type { Actor } from '../../server/identity/actor.ts'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { createPipeline, type Run } from '../../server/platform/database/pipeline.ts'
import { feedKeys } from '../../server/platform/live/feed.ts'
import { createLocks, type Locks } from '../../server/platform/mailbox/lease.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createRedis, createSubscriber, type Redis } from '../../server/platform/redis/redis.ts'
import type { Subscriber } from '../../server/platform/redis/subscriber.ts'
import { createHolds, type Holds } from '../../server/slots/holds.ts'
import { parseSlotId } from '../../server/slots/slot-id.ts'
import { someSlots } from '../support/calendar.ts'
import { testEnvironment } from '../support/node.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { expectConsistent } from './desk.ts'

/** What is below a node: stores, a queue, holds, and nobody who drains by himself. */
export type Bench = {
	db: Db
	config: Config
	redis: Redis
	subscriber: Subscriber
	run: Run
	queue: Queue
	locks: Locks
	holds: Holds
	redisUrl: string
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
			queue: createQueue(redis),
			locks: createLocks({ redis, leaseMs: 4000 }),
			holds: createHolds({
				redis,
				run,
				types: createAppointmentTypes(run),
				doctors: createDoctors(run),
				knownVersion: () => undefined,
				holdMs: 60_000,
				holdMsStaff: 60_000,
				nowMs: Date.now,
			}),
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

/** One node's drain, and all that it told. */
export const aDrain = ({ locks, queue, run }: Bench, overrides: Partial<DrainDeps> = {}) => {
	const outcomes = new Map<string, Outcome[]>()
	const happenings: Happening[] = []
	const drain = createDrain({
		locks,
		queue,
		run,
		log,
		policy: { cancelCutoffMs: 0 },
		notices: { channels: [], leadMinutes: [] },
		deliver: list => {
			for (const { request, outcome } of list) outcomes.set(request.id, [...(outcomes.get(request.id) ?? []), outcome])
		},
		announce: list => void happenings.push(...list),
		forgetHolds: () => {},
		...overrides,
	})
	return {
		...drain,
		outcomes,
		happenings,
		/** Drains a doctor's queue until it is empty. */
		async empty(doctorId: string) {
			await waitFor(async () => {
				drain.poke(doctorId)
				return (await queue.length(doctorId)) === 0
			}, 'an empty queue')
			await drain.stop()
		},
		/** `ok` or the code of what a request came to. */
		answer: (request: ChangeRequest) => codeOfOutcome(outcomes.get(request.id)?.at(-1)),
		appointment: (request: ChangeRequest): Appointment => {
			const outcome = outcomes.get(request.id)?.at(-1)
			if (!outcome || !('done' in outcome)) throw new Error(`not done: ${JSON.stringify(outcome)}`)
			return outcome.done
		},
	}
}

const codeOfOutcome = (outcome: Outcome | undefined): string =>
	outcome === undefined ? 'untold' : 'done' in outcome ? 'ok' : 'refused' in outcome ? outcome.refused : 'forward'

/** Runs statements as they are, and something else when one of them is done. */
export const afterStatement =
	(run: Run, name: string, then: () => Promise<void>): Run =>
	async (statement, values) => {
		const rows = await run(statement, values)
		if (statement.name === name) await then()
		return rows as never
	}

/** What watchers hear of a doctor, in order: `minute state`, or `reset`. */
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

/** Requests as the operations put them into the queue. The first appointment type of the clinic has the id 1. */
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

/** A bench for one `describe`, with a fresh scene before each test; the database is looked over after each. */
export const useScene = (take: (scene: Scene) => void): Bench => {
	const bench = useBench()
	beforeEach(async () => take(await aScene(bench)))
	afterEach(() => expectConsistent(bench))
	return bench
}

export { lockKey }
