import { FencedOff } from '../platform/mailbox/lease.ts'
import type { MailboxObserver, ParcelOf } from '../platform/mailbox/mailbox.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import type { Span, Tracer } from '../platform/observability/tracer.ts'
import type { BoardEnd, BoardSeen } from '../slots/board-rider.ts'
import type { Batch, ChangeRequest, QueueRequest, SettledOutcome } from './requests.ts'

/**
 * Logs, counts and traces how requests are settled. The node that settles a change of a calendar logs it at `info`, under the request
 * id that its caller was given; the line contains no personal detail. Refusals are logged at `debug`.
 */
export function createBookingObserver({ metrics, log, tracer }: { metrics: Metrics; log: Log; tracer: Tracer }): BookingObserver {
	const figures = createFigures(metrics)
	/** Keyed by the parcels, because a batch that is settled in parts has the same parcels in each part. */
	const watches = new WeakMap<Batch['parcels'], Watch>()

	return {
		contended: figures.contended,
		failed: figures.failed,
		strayed: figures.strayed,
		refusedAtDoor(outcomes) {
			figures.settled(outcomes)
			if (log.isLevelEnabled('debug')) for (const each of outcomes) log.debug(lineOf(each), 'refused at the door')
		},
		async around(batch, work) {
			figures.taken([...batch.parcels.values()])
			const spans = tracer.isOn ? traceBatch(tracer, batch) : undefined
			watches.set(batch.parcels, { spans, unlogged: [], requests: batch.entries.length, ms: 0 })
			try {
				await (spans ? spans.within(work) : work())
				figures.ended(batch)
				spans?.end(undefined)
			} catch (error) {
				const why: Failure = error instanceof FencedOff ? 'fenced' : 'error'
				log.info({ requestIds: requestIdsOf(batch), requests: batch.entries.length, why }, 'batch interrupted')
				spans?.end(why)
				throw error
			} finally {
				writeLines(batch)
			}
		},
		settled(batch, outcomes) {
			figures.settled(outcomes)
			const watch = watches.get(batch.parcels)
			if (!watch) return
			watch.unlogged.push(...outcomes)
			watch.ms = Math.round(performance.now() - batch.beganMs)
			watch.spans?.settled(outcomes)
		},
		published(batch) {
			watches.get(batch.parcels)?.spans?.published()
			writeLines(batch)
		},
	}

	/** Runs after the callers were answered, so that no caller waits for a log line. */
	function writeLines({ parcels }: Batch): void {
		const watch = watches.get(parcels)
		if (!watch || !log.isLevelEnabled('info')) return
		const isDebug = log.isLevelEnabled('debug')
		for (const each of watch.unlogged.splice(0)) {
			const isDone = outcomeName(each) === 'ok'
			if (!isDone && !isDebug) continue
			log[isDone ? 'info' : 'debug']({ ...lineOf(each), requests: watch.requests, doctors: parcels.size, ms: watch.ms }, 'settled')
		}
	}
}

export type BookingObserver = MailboxObserver<QueueRequest, BoardSeen, BoardEnd> & {
	/** Called after the commit, before callers are answered and slots are published. */
	settled(batch: Batch, outcomes: Outcomes): void
	/** Called when the slots are published and the requests have left their mailboxes. */
	published(batch: Batch): void
	/** Called for requests that were refused before they reached a mailbox. */
	refusedAtDoor(outcomes: Outcomes): void
}

type Outcomes = readonly SettledOutcome[]
type Failure = 'fenced' | 'error'

type Watch = { spans: ReturnType<typeof traceBatch> | undefined; unlogged: SettledOutcome[]; requests: number; ms: number }

export function outcomeName({ outcome }: SettledOutcome): string {
	return 'done' in outcome ? 'ok' : 'refused' in outcome ? outcome.refused : 'forward'
}

function lineOf(each: SettledOutcome) {
	const { kind, doctorId, origin, node } = each.request
	const trace = origin.trace && { traceId: origin.trace.split('-')[1] }
	return { requestId: origin.requestId, askedNode: node, kind, outcome: outcomeName(each), doctorId, ...trace }
}

const maxIdsInALine = 20

function requestIdsOf({ entries }: Batch): string[] {
	return entries.slice(0, maxIdsInALine).flatMap(({ message }) => (message.kind === 'announce' ? [] : message.origin.requestId))
}

const depths = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20_000]

/** Figures of mailboxes and batches. No doctor is a label, because there are thousands of doctors. */
function createFigures(metrics: Metrics) {
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
	const leasesTaken = metrics.counter('doctor_lock_taken_total', 'Doctors’ locks taken')
	const contended = metrics.counter('doctor_lock_contended_total', 'Locks found taken by another node')
	const failures = metrics.counter('drain_failures_total', 'Batches that left requests queued', ['reason'])
	for (const reason of ['fenced', 'error'] satisfies Failure[]) failures.inc({ reason }, 0)
	const stalled = metrics.gauge('queues_stalled', 'Doctors’ queues that nobody has shortened for over a second')
	const stalledSeconds = metrics.gauge('queue_stalled_seconds', 'How long the worst of the stalled queues has not been shortened')
	const stalledDepth = metrics.histogram('queue_stalled_depth_requests', 'Requests in a stalled queue, at each sweep', depths)

	return {
		contended: () => contended.inc(),
		failed: (reason: Failure) => failures.inc({ reason }),
		taken(parcels: readonly ParcelOf<QueueRequest, BoardSeen>[]) {
			leasesTaken.inc(parcels.length)
			for (const { entries, length, nowMs } of parcels) {
				depth.observe(length)
				// A stream's ids begin with the time at which Redis appended the entry.
				if (entries[0]) wait.observe(Math.max(0, nowMs - Number.parseInt(entries[0].entryId, 10)) / 1000)
			}
		},
		/** Counts runs of the same outcome together, because a stampede has thousands of them. */
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
		ended({ entries, beganMs }: Batch) {
			batchSize.observe(entries.length)
			batchSeconds.observe((performance.now() - beganMs) / 1000)
		},
		strayed(strays: readonly { waitingMs: number; messages: number }[]) {
			stalled.set(strays.length)
			stalledSeconds.set(strays.reduce((most, { waitingMs }) => Math.max(most, waitingMs), 0) / 1000)
			for (const { messages } of strays) stalledDepth.observe(messages)
		},
	}
}

/**
 * A batch belongs to the traces of all its requests. Its span is a step of the first request's trace and is linked to the others.
 * Each other request has a span of its own, linked back, so that every trace shows how its request was settled.
 */
function traceBatch(tracer: Tracer, { parcels, entries, beganMs }: Batch) {
	const traceOf = (request: QueueRequest | ChangeRequest) => (request.kind === 'announce' ? undefined : request.origin.trace)
	const [parent, ...others] = entries.flatMap(({ message }) => traceOf(message) ?? [])
	const batch = tracer.start('drain', { kind: 'consumer', parent, links: others, beganMs })
	batch.set('liveslot.batch.requests', entries.length)
	batch.set('liveslot.batch.doctors', parcels.size)
	const links = batch.context ? [batch.context] : []
	let publishing: Span | undefined

	return {
		within: <T>(work: () => T): T => tracer.within(batch, work),
		settled(outcomes: Outcomes) {
			for (const each of outcomes) {
				const { request } = each
				const trace = traceOf(request)
				if (!trace) continue
				const isParent = trace === parent
				const span = tracer.start('settled', { parent: isParent ? batch.context : trace, links: isParent ? [] : links, beganMs })
				span.set('liveslot.request_id', request.origin.requestId)
				span.set('liveslot.kind', request.kind)
				span.set('liveslot.doctor_id', request.doctorId)
				span.set('liveslot.outcome', outcomeName(each))
				if (outcomeName(each) === 'internal') span.fail('internal')
				span.end()
			}
			publishing = tracer.start('publish', { parent: batch.context })
		},
		published() {
			publishing?.end()
			publishing = undefined
		},
		end(failure: Failure | undefined) {
			publishing?.end()
			if (failure) batch.fail(failure)
			batch.end()
		},
	}
}
