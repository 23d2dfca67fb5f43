import type { RefusalCode } from '../../contract/index.ts'
import { jsonBeforeState } from '../calendar/changes.ts'
import { isDatabaseUnavailable, violatedConstraint } from '../platform/database.ts'
import type { Locks, Proposal } from '../platform/lock.ts'
import type { Log } from '../platform/log.ts'
import type { Run } from '../platform/pipeline.ts'
import { isRedisUnavailable } from '../platform/redis.ts'
import type { NoticePolicy } from '../reminders/policy.ts'
import { type BatchDeps, type BatchResult, settleBatch, settleRefusal } from './batch.ts'
import type { Reservation } from './intake.ts'
import { createLanes } from './lanes.ts'
import type { DrainObserver } from './observe.ts'
import type { Happening, Outcome } from './outcome.ts'
import { lockKey, type Queue, type QueueEntry, type Taken } from './queue.ts'
import type { ChangeRequest, QueueRequest } from './request.ts'
import type { State } from './rules.ts'
import { type Facts, readFacts } from './state.ts'

export type DrainDeps = {
	locks: Locks
	queue: Queue
	run: Run
	log: Log
	policy: State['policy']
	notices: NoticePolicy
	/** Hands outcomes to those who wait for them, here or on another node. */
	deliver: (outcomes: { request: ChangeRequest; outcome: Outcome }[]) => void
	/** Tells the people concerned. */
	announce: (happenings: Happening[]) => void
	/** Strikes slots that are no longer held off their holders' counts. */
	forgetHolds: (holds: BatchResult['endedHolds']) => void
	observe?: DrainObserver
}

/** Requests that one transaction settles; more wait for the next. */
const maxBatch = 600
const maxAttempts = 4

/** A doctor whose lock this lane has, and what it found. */
type Draining = { doctorId: string; lease: Proposal; taken: Taken; claimed: Set<number>; released: boolean }

/** What was read of a request while it was on its way into the queue. */
type ReadAhead = { requestId: string; facts: Promise<Facts> }

class FencedOff extends Error {}

/** Errors that pass by themselves: the requests stay in their queues, and are settled later. */
const isPassing = (error: unknown): boolean => error instanceof FencedOff || isDatabaseUnavailable(error) || isRedisUnavailable(error)

/** A request that stands no chance is refused, so that it does not hold up those behind it for ever. */
const refusalFor = (error: unknown): RefusalCode => {
	const constraint = violatedConstraint(error)
	if (constraint === 'appointments_patient_overlap') return 'patient_overlap'
	return constraint === 'appointments_doctor_overlap' || (error as { code?: string }).code === 'LS001' ? 'slot_booked' : 'internal'
}

export const createDrain = (deps: DrainDeps) => {
	const { locks, queue, run, log, policy, notices, deliver, announce, forgetHolds, observe } = deps
	const drainingOf = (doctorId: string, lease: Proposal, taken: Taken): Draining => ({
		doctorId,
		lease,
		taken,
		claimed: new Set(taken.claimed ? [taken.claimed.minute] : []),
		released: false,
	})

	const acquire = async (doctorId: string, atMost: number): Promise<Draining | null> => {
		const lease = locks.propose(lockKey(doctorId))
		try {
			const taken = await queue.take(lease, doctorId, atMost)
			if (typeof taken === 'object') return drainingOf(doctorId, lease, taken)
			// Whoever has the lock looks again after letting go.
			if (taken === 'locked') observe?.contended()
			return null
		} catch (error) {
			await lease.release()
			throw error
		}
	}

	const claimFor =
		(draining: Map<string, Draining>): BatchDeps['claim'] =>
		async slots => {
			const byDoctor = new Map<string, typeof slots>()
			for (const each of slots) byDoctor.set(each.slot.doctorId, [...(byDoctor.get(each.slot.doctorId) ?? []), each])
			const answers = await Promise.all(
				[...byDoctor].map(async ([doctorId, claims]) => {
					const { lease, claimed, taken } = draining.get(doctorId) as Draining
					const isClaimed = ({ slot, userId }: (typeof claims)[number]) =>
						slot.startMinute === taken.claimed?.minute && userId === taken.claimed.userId
					const wanted = claims.filter(each => !isClaimed(each))
					if (wanted.length === 0) return []
					const list = wanted.map(({ slot, userId }) => ({ minute: slot.startMinute, userId, json: jsonBeforeState(slot) }))
					const held = await queue.claim(lease, doctorId, list)
					if (held === 'fenced') throw new FencedOff()
					if (held.length === 0) for (const { minute } of list) claimed.add(minute)
					return held.map(each => ({ doctorId, ...each }))
				}),
			)
			return answers.flat()
		}

	const holdsOf = (draining: Map<string, Draining>) => new Map([...draining].map(([doctorId, { taken }]) => [doctorId, taken.holds]))

	const settle = (draining: Map<string, Draining>, entries: readonly QueueEntry[], readAhead?: Promise<Facts>): Promise<BatchResult> =>
		settleBatch({
			run,
			policy,
			notices,
			requests: entries.map(entry => entry.request),
			holds: holdsOf(draining),
			nowMs: Math.max(...[...draining.values()].map(({ taken }) => taken.nowMs)),
			claim: claimFor(draining),
			readAhead,
		})

	/** One request that the database refuses though everything read says yes: somebody else was faster, or it cannot be done. */
	const settleAlone = async (draining: Map<string, Draining>, entry: QueueEntry, readAhead?: ReadAhead): Promise<BatchResult> => {
		const isAhead = entry.request.kind !== 'announce' && entry.request.id === readAhead?.requestId
		for (let attempt = 1; ; attempt++) {
			try {
				return await settle(draining, [entry], isAhead && attempt === 1 ? readAhead.facts : undefined)
			} catch (error) {
				if (isPassing(error)) throw error
				if (attempt < maxAttempts) continue
				const code = refusalFor(error)
				log[code === 'internal' ? 'error' : 'info']({ err: error, requestId: requestIdOf(entry) }, 'request refused by the database')
				return await settleRefusal({ run, notices, holds: holdsOf(draining) }, entry.request, code)
			}
		}
	}

	/**
	 * Settles entries together; when that violates a constraint, by doctor, and then one by one, so that one patient's
	 * overlap fails alone.
	 */
	const settleAll = async (
		draining: Map<string, Draining>,
		entries: readonly QueueEntry[],
		tell: (result: BatchResult, of: readonly QueueEntry[]) => Promise<void>,
		readAhead?: ReadAhead,
	): Promise<void> => {
		const [first] = entries
		if (!first) return
		try {
			await tell(entries.length === 1 ? await settleAlone(draining, first, readAhead) : await settle(draining, entries), entries)
		} catch (error) {
			if (entries.length === 1 || isPassing(error)) throw error
			log.debug({ reason: (error as Error).message, requests: entries.length }, 'batch is replayed in parts')
			const byDoctor = new Map<string, QueueEntry[]>()
			for (const entry of entries) byDoctor.set(entry.request.doctorId, [...(byDoctor.get(entry.request.doctorId) ?? []), entry])
			const parts = byDoctor.size > 1 ? [...byDoctor.values()] : entries.map(entry => [entry])
			for (const part of parts) await settleAll(draining, part, tell)
		}
	}

	/** One script tells the doctor's watchers and shortens the queue, while the lock is ours. */
	const concludeDoctor = async (each: Draining, result: BatchResult, settled: readonly QueueEntry[]) => {
		const { doctorId, lease, taken, claimed } = each
		const ended = new Set(result.endedHolds.filter(hold => hold.doctorId === doctorId).map(hold => hold.startMinute))
		const lastEntryId = settled.findLast(entry => entry.request.doctorId === doctorId)?.entryId
		// What was taken is settled: the lock goes with it, unless other parts of the batch are still to come.
		const release = lastEntryId === taken.entries.at(-1)?.entryId
		const left = await queue.conclude({
			lease,
			doctorId,
			lastEntryId,
			changes: result.changes.get(doctorId) ?? [],
			unhold: [...ended],
			unclaim: [...claimed].filter(minute => !ended.has(minute)),
			reset: result.resets.has(doctorId),
			release,
		})
		claimed.clear()
		if (left === 'fenced') return doctorId
		each.released = release
		if (left > 0) lanes.later(doctorId)
		return null
	}

	/**
	 * After the commit everybody is told. Those who asked are told while watchers are being told; what they asked for is in the
	 * database, whatever becomes of the rest.
	 */
	const conclude = async (draining: Map<string, Draining>, result: BatchResult, entries: readonly QueueEntry[]): Promise<void> => {
		const isSettled = new Set(result.settled)
		const settled = entries.filter(entry => isSettled.has(entry.request))
		const doctors = [...new Set(entries.map(entry => entry.request.doctorId))].map(doctorId => draining.get(doctorId) as Draining)
		// A turn later: what watchers are told leaves for Redis before hundreds of answers are written.
		const answered = new Promise<void>(resolve => {
			setImmediate(() => {
				deliver(result.outcomes)
				resolve()
			})
		})
		// Requests leave their queues last: while anything is untold, the next drain finds them there and tells it again.
		const passedOn = await Promise.allSettled(result.elsewhere.map(announcement => queue.add(announcement).then(() => null)))
		const concluded = passedOn.some(each => each.status === 'rejected')
			? passedOn
			: await Promise.allSettled(doctors.map(each => concludeDoctor(each, result, settled)))
		// What was fenced off is told by the node that has the lock now. With Redis away watchers start over when it is back.
		const fenced = new Set(concluded.flatMap(each => (each.status === 'fulfilled' && each.value !== null ? [each.value] : [])))
		await answered
		announce(result.happenings.filter(({ doctorIds }) => !doctorIds.some(doctorId => fenced.has(doctorId))))
		forgetHolds(result.endedHolds)
		for (const { doctorId } of result.elsewhere) lanes.poke(doctorId)
		const failed = concluded.find(each => each.status === 'rejected')
		if (failed?.status === 'rejected') throw failed.reason
		if (fenced.size > 0) throw new FencedOff()
	}

	/** Settles what was taken of each doctor, and lets go of the locks. */
	const drainTaken = async (draining: Map<string, Draining>, beganMs: number, readAhead?: ReadAhead): Promise<void> => {
		const taken = [...draining.values()].map(each => each.taken)
		const entries = taken.flatMap(each => each.entries)
		const watch = draining.size > 0 ? observe?.begin({ taken, entries, beganMs }) : undefined
		const tell = async (result: BatchResult, of: readonly QueueEntry[]) => {
			watch?.settled(result)
			await conclude(draining, result, of)
			watch?.concluded()
		}
		const work = () => settleAll(draining, entries, tell, readAhead)
		try {
			await (watch ? watch.within(work) : work())
			watch?.end()
		} catch (error) {
			watch?.end(error instanceof FencedOff ? 'fenced' : 'error')
			throw error
		} finally {
			await Promise.all(notReleased(draining).map(({ lease }) => lease.release()))
		}
		// Somebody may have added a request, and left it to us, before the lock was let go.
		await Promise.all(
			notReleased(draining).map(async ({ doctorId }) => {
				if ((await queue.length(doctorId)) > 0) lanes.later(doctorId)
			}),
		)
	}

	const notReleased = (draining: Map<string, Draining>) => [...draining.values()].filter(({ released }) => !released)

	const batchOf = (doctors: number) => Math.max(20, Math.floor(maxBatch / doctors))

	const drainTogether = async (doctorIds: readonly string[]): Promise<void> => {
		const beganMs = performance.now()
		const atMost = batchOf(doctorIds.length)
		const acquired = await Promise.allSettled(doctorIds.map(doctorId => acquire(doctorId, atMost)))
		const draining = new Map(
			acquired.flatMap(each => (each.status === 'fulfilled' && each.value ? [[each.value.doctorId, each.value] as const] : [])),
		)
		await drainTaken(draining, beganMs)
		const failed = acquired.find(each => each.status === 'rejected')
		if (failed?.status === 'rejected') throw failed.reason
	}

	/** The requests stay in their queues when this fails; the sweep, or the node that has the lock, takes them up again. */
	const attempt = async (work: () => Promise<void>) => {
		try {
			await work()
		} catch (error) {
			const isFenced = error instanceof FencedOff
			observe?.failed(isFenced ? 'fenced' : 'error')
			if (!isFenced) log.warn({ err: error }, 'drain failed; requests stay queued')
		}
	}

	const lanes = createLanes(doctorIds => attempt(() => drainTogether(doctorIds)))

	const reserve = (doctorIds: readonly string[]): Reservation | null => {
		const lane = lanes.keep(doctorIds)
		if (!lane) return null
		const leases = new Map(lane.doctorIds.map(doctorId => [doctorId, locks.propose(lockKey(doctorId))]))
		const beganMs = performance.now()
		let ahead: ReadAhead | undefined
		return {
			atMost: batchOf(leases.size),
			leases,
			readAhead(request: QueueRequest) {
				if (request.kind !== 'book') return
				ahead = { requestId: request.id, facts: readFacts(run, [request], new Map()) }
				// It may never be looked at.
				ahead.facts.catch(() => {})
			},
			start(taken) {
				const draining = new Map(
					[...taken].map(([doctorId, each]) => [doctorId, drainingOf(doctorId, leases.get(doctorId) as Proposal, each)] as const),
				)
				for (let missed = leases.size - taken.size; missed > 0; missed--) observe?.contended()
				lane.start(() => attempt(() => drainTaken(draining, beganMs, ahead)))
			},
		}
	}

	return {
		poke: lanes.poke,
		/** A free lane for doctors whose requests are about to be appended; whoever reserves it must start it. */
		reserve,
		/** Takes up queues that nobody drains. */
		async sweep(nowMs: number) {
			const strays = await queue.strays(nowMs)
			for (const { doctorId } of strays) lanes.poke(doctorId)
			if (!observe) return
			const lengths = await Promise.all(strays.map(({ doctorId }) => queue.length(doctorId)))
			observe.strayed(strays.map((stray, index) => ({ ...stray, requests: lengths[index] as number })))
		},
		stop: lanes.stop,
	}
}

export type Drain = ReturnType<typeof createDrain>

const requestIdOf = ({ request }: QueueEntry) => (request.kind === 'announce' ? undefined : request.origin.requestId)
