import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Tracer } from '../platform/tracing/tracer.ts'
import type { BatchResult } from './batch.ts'
import type { QueueEntry, Stray } from './queue.ts'
import { traceBatch } from './trace-batch.ts'

/** What one lane has taken, of one doctor or of many. */
export type SeenBatch = {
	entries: readonly QueueEntry[]
	doctors: number
	/** Redis's time when it was taken, which is the clock of the entries' ids too. */
	takenAtMs: number
	/** On the scale of `performance.now()`. */
	beganMs: number
}

/** A batch on its way: the whole of it, and what is settled of it together. */
export type BatchWatch = {
	/** Runs the batch's work as a part of it. */
	within<T>(work: () => Promise<T>): Promise<T>
	/** After the commit, before anybody is told. */
	settled(result: Pick<BatchResult, 'outcomes'>): void
	/** Watchers have been told, and the requests have left their queues. */
	concluded(): void
	end(failure?: string): void
}

export type DrainObserver = {
	/** A lock was found taken. */
	contended(): void
	begin(batch: SeenBatch): BatchWatch
	/** Requests stay queued: `fenced` when another node has the lock by now. */
	failed(why: 'fenced' | 'error'): void
	/** Queues that wait too long, and how many requests are in them; called at every sweep, with none mostly. */
	strayed(strays: readonly (Stray & { requests: number })[]): void
}

export type DrainObserverDeps = { metrics: Metrics; log: Log; tracer: Tracer }

const depths = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20_000]

const outcomeName = ({ outcome }: BatchResult['outcomes'][number]): string =>
	'done' in outcome ? 'ok' : 'refused' in outcome ? outcome.refused : 'forward'

/** When the request was appended: a stream's ids begin with the time. */
const appendedAtMs = ({ entryId }: QueueEntry): number => Number.parseInt(entryId, 10)

/** Tells metrics, logs and traces how requests are settled. No doctor is a label: there are thousands of them. */
export const createDrainObserver = ({ metrics, log, tracer }: DrainObserverDeps): DrainObserver => {
	const settledTotal = metrics.counter('bookings_total', 'Requests that change calendars, by kind and by what came of them', [
		'kind',
		'outcome',
	])
	const batchSize = metrics.histogram('drain_batch_requests', 'Requests settled in one transaction', [1, 2, 5, 10, 20, 50, 100, 200, 500])
	const batchSeconds = metrics.histogram(
		'drain_batch_seconds',
		'Time from lock to outcome of a batch',
		[0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
	)
	const depth = metrics.histogram('queue_depth_requests', 'Requests found in a doctor’s queue as its lock is taken, up to a batch', depths)
	const wait = metrics.histogram(
		'queue_wait_seconds',
		'Time that the oldest request of a doctor’s queue waited until it was taken',
		[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
	)
	const taken = metrics.counter('doctor_lock_taken_total', 'Doctors’ locks taken')
	const contended = metrics.counter('doctor_lock_contended_total', 'Locks found taken by another node')
	const failures = metrics.counter('drain_failures_total', 'Batches that left requests queued', ['reason'])
	for (const reason of ['fenced', 'error']) failures.inc({ reason }, 0)
	const stalled = metrics.gauge('queues_stalled', 'Doctors’ queues that nobody has shortened for over a second')
	const stalledSeconds = metrics.gauge('queue_stalled_seconds', 'How long the worst of the stalled queues has not been shortened')
	const stalledDepth = metrics.histogram('queue_stalled_depth_requests', 'Requests in a stalled queue, at each sweep', depths)

	const measure = ({ entries, doctors, takenAtMs }: SeenBatch) => {
		taken.inc(doctors)
		// Entries of one doctor stand together, the oldest first.
		for (let from = 0, to = 1; from < entries.length; to++) {
			const oldest = entries[from] as QueueEntry
			if (entries[to]?.request.doctorId === oldest.request.doctorId) continue
			depth.observe(to - from)
			wait.observe(Math.max(0, takenAtMs - appendedAtMs(oldest)) / 1000)
			from = to
		}
	}

	/** Like outcomes are counted together: a stampede has thousands that are alike. */
	const count = ({ outcomes }: Pick<BatchResult, 'outcomes'>) => {
		let [kind, outcome, alike] = ['', '', 0]
		const flush = () => alike > 0 && settledTotal.inc({ kind, outcome }, alike)
		for (const each of outcomes) {
			const name = outcomeName(each)
			if (each.request.kind !== kind || name !== outcome) {
				flush()
				;[kind, outcome, alike] = [each.request.kind, name, 0]
			}
			alike++
		}
		flush()
	}

	/** A line for each request, found by the id that its caller was given. It names nobody but the doctor. */
	const note = ({ outcomes }: Pick<BatchResult, 'outcomes'>, { entries, doctors, beganMs }: SeenBatch) => {
		const ms = Math.round(performance.now() - beganMs)
		for (const each of outcomes) {
			const { kind, doctorId, origin } = each.request
			const { requestId } = origin
			const trace = origin.trace && { traceId: origin.trace.split('-')[1] }
			log.debug({ requestId, kind, outcome: outcomeName(each), doctorId, requests: entries.length, doctors, ms, ...trace }, 'settled')
		}
	}

	return {
		contended: () => contended.inc(),
		failed: reason => failures.inc({ reason }),
		strayed(strays) {
			stalled.set(strays.length)
			stalledSeconds.set(strays.reduce((most, { waitingMs }) => Math.max(most, waitingMs), 0) / 1000)
			for (const { requests } of strays) stalledDepth.observe(requests)
		},
		begin(batch) {
			measure(batch)
			const spans = tracer.isOn ? traceBatch(tracer, batch) : undefined
			return {
				within: work => (spans ? spans.within(work) : work()),
				settled(result) {
					count(result)
					if (log.isLevelEnabled('debug')) note(result, batch)
					spans?.settled(result.outcomes.map(each => ({ request: each.request, outcome: outcomeName(each) })))
				},
				concluded: () => spans?.concluded(),
				end(failure) {
					if (!failure && batch.entries.length > 0) {
						batchSize.observe(batch.entries.length)
						batchSeconds.observe((performance.now() - batch.beganMs) / 1000)
					}
					spans?.end(failure)
				},
			}
		},
	}
}
