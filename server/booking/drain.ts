import type { Locks, Proposal } from '../platform/mailbox/lease.ts'
import { type BatchResult, maxBatch } from './batch.ts'
import { type ConcludingDeps, createConcluding } from './concluding.ts'
import { type Draining, type Drainings, drainingOf, FencedOff, notReleased } from './draining.ts'
import type { Reservation } from './intake.ts'
import { createLanes } from './lanes.ts'
import type { DrainObserver } from './observe.ts'
import { lockKey, type QueueEntry } from './queue.ts'
import type { QueueRequest } from './request.ts'
import { createSettling, type ReadAhead, type SettlingDeps } from './settling.ts'
import { readFacts } from './state.ts'

export type DrainDeps = SettlingDeps & Omit<ConcludingDeps, 'later' | 'poke'> & { locks: Locks; observe?: DrainObserver }

export const createDrain = (deps: DrainDeps) => {
	const { locks, queue, run, log, observe } = deps
	const settleAll = createSettling(deps)

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

	/** Settles what was taken of each doctor, and lets go of the locks. */
	const drainTaken = async (draining: Drainings, beganMs: number, readAhead?: ReadAhead): Promise<void> => {
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
	const conclude = createConcluding({ ...deps, later: lanes.later, poke: lanes.poke })

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
