import type { Metrics } from '../platform/observability/metrics.ts'
import type { QueueEntry, Stray } from './queue.ts'
import { type Failure, type Outcomes, outcomeName, type SeenBatch } from './seen-batch.ts'

const depths = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20_000]

/** When the request was appended: a stream's ids begin with the time. */
const appendedAtMs = ({ entryId }: QueueEntry): number => Number.parseInt(entryId, 10)

/** What Prometheus is told of queues and batches. No doctor is a label: there are thousands of them. */
export const createDrainFigures = (metrics: Metrics) => {
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
	const depth = metrics.histogram('queue_depth_requests', 'Requests in a doctor’s queue as its lock is taken', depths)
	const wait = metrics.histogram(
		'queue_wait_seconds',
		'Time that the oldest request of a doctor’s queue waited until it was taken',
		[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
	)
	const locksTaken = metrics.counter('doctor_lock_taken_total', 'Doctors’ locks taken')
	const contended = metrics.counter('doctor_lock_contended_total', 'Locks found taken by another node')
	const failures = metrics.counter('drain_failures_total', 'Batches that left requests queued', ['reason'])
	for (const reason of ['fenced', 'error'] satisfies Failure[]) failures.inc({ reason }, 0)
	const stalled = metrics.gauge('queues_stalled', 'Doctors’ queues that nobody has shortened for over a second')
	const stalledSeconds = metrics.gauge('queue_stalled_seconds', 'How long the worst of the stalled queues has not been shortened')
	const stalledDepth = metrics.histogram('queue_stalled_depth_requests', 'Requests in a stalled queue, at each sweep', depths)

	return {
		contended: () => contended.inc(),
		failed: (reason: Failure) => failures.inc({ reason }),
		taken({ taken }: SeenBatch) {
			locksTaken.inc(taken.length)
			for (const { entries, length, nowMs } of taken) {
				depth.observe(length)
				const [oldest] = entries
				if (oldest) wait.observe(Math.max(0, nowMs - appendedAtMs(oldest)) / 1000)
			}
		},
		/** Like outcomes are counted together: a stampede has thousands that are alike. */
		settled(outcomes: Outcomes) {
			let [kind, outcome, alike] = ['', '', 0]
			const count = () => alike > 0 && settledTotal.inc({ kind, outcome }, alike)
			for (const each of outcomes) {
				const name = outcomeName(each)
				if (each.request.kind !== kind || name !== outcome) {
					count()
					;[kind, outcome, alike] = [each.request.kind, name, 0]
				}
				alike++
			}
			count()
		},
		ended({ entries, beganMs }: SeenBatch) {
			if (entries.length === 0) return
			batchSize.observe(entries.length)
			batchSeconds.observe((performance.now() - beganMs) / 1000)
		},
		strayed(strays: readonly (Stray & { requests: number })[]) {
			stalled.set(strays.length)
			stalledSeconds.set(strays.reduce((most, { waitingMs }) => Math.max(most, waitingMs), 0) / 1000)
			for (const { requests } of strays) stalledDepth.observe(requests)
		},
	}
}
