import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import type { Tracer } from '../platform/observability/tracer.ts'
import { createDrainFigures } from './figures.ts'
import type { QueueEntry, Stray } from './queue.ts'
import { type Failure, type Outcomes, outcomeName, type SeenBatch } from './seen-batch.ts'
import { traceBatch } from './trace-batch.ts'

/** A batch on its way: the whole of it, and what is settled of it together. */
export type BatchWatch = {
	/** Runs the batch's work as a part of it. */
	within<T>(work: () => Promise<T>): Promise<T>
	/** After the commit, before anybody is told. */
	settled(result: { outcomes: Outcomes }): void
	/** Watchers and callers have been told, and the requests have left their queues. */
	concluded(): void
	end(failure?: Failure): void
}

export type DrainObserver = {
	/** A lock was found taken. */
	contended(): void
	begin(batch: SeenBatch): BatchWatch
	/** Refused before they came into a queue. */
	refusedAtDoor(outcomes: Outcomes): void
	failed(why: Failure): void
	/** Queues that wait too long, and how many requests are in them; called at every sweep, with none mostly. */
	strayed(strays: readonly (Stray & { requests: number })[]): void
}

export type DrainObserverDeps = { metrics: Metrics; log: Log; tracer: Tracer }

/** A request as it stands in a log; it names nobody but the doctor. */
const lineOf = (each: Outcomes[number]) => {
	const { kind, doctorId, origin, node } = each.request
	const trace = origin.trace && { traceId: origin.trace.split('-')[1] }
	return { requestId: origin.requestId, askedNode: node, kind, outcome: outcomeName(each), doctorId, ...trace }
}

const maxIdsInALine = 20

/** Ids of requests whose batch did not come to its end. */
const idsOf = (entries: readonly QueueEntry[]): string[] =>
	entries.slice(0, maxIdsInALine).flatMap(({ request }) => (request.kind === 'announce' ? [] : request.origin.requestId))

/**
 * Logs, figures and traces of how requests are settled. What changed a calendar has a line at the level `info`, found by the id
 * that its caller was given, on whichever node settled it; it names nobody but the doctor. Refusals have theirs at `debug`.
 */
export const createDrainObserver = ({ metrics, log, tracer }: DrainObserverDeps): DrainObserver => {
	const figures = createDrainFigures(metrics)

	const note = (outcomes: Outcomes, { entries, taken }: SeenBatch, ms: number) => {
		if (!log.isLevelEnabled('info')) return
		const notesRefusals = log.isLevelEnabled('debug')
		for (const each of outcomes) {
			const outcome = outcomeName(each)
			if (outcome !== 'ok' && !notesRefusals) continue
			const line = { ...lineOf(each), requests: entries.length, doctors: taken.length, ms }
			log[outcome === 'ok' ? 'info' : 'debug'](line, 'settled')
		}
	}

	return {
		contended: figures.contended,
		failed: figures.failed,
		strayed: figures.strayed,
		refusedAtDoor(outcomes) {
			figures.settled(outcomes)
			if (log.isLevelEnabled('debug')) for (const each of outcomes) log.debug(lineOf(each), 'refused at the door')
		},
		begin(batch) {
			figures.taken(batch)
			const spans = tracer.isOn ? traceBatch(tracer, batch) : undefined
			let unnoted: { outcomes: Outcomes; ms: number } | undefined
			// Nobody waits for a line: lines are written after callers have been answered.
			const noteSettled = () => {
				if (unnoted) note(unnoted.outcomes, batch, unnoted.ms)
				unnoted = undefined
			}
			return {
				within: work => (spans ? spans.within(work) : work()),
				settled({ outcomes }) {
					figures.settled(outcomes)
					unnoted = { outcomes, ms: Math.round(performance.now() - batch.beganMs) }
					spans?.settled(outcomes.map(each => ({ request: each.request, outcome: outcomeName(each) })))
				},
				concluded() {
					spans?.concluded()
					noteSettled()
				},
				end(failure) {
					noteSettled()
					if (failure) log.info({ requestIds: idsOf(batch.entries), requests: batch.entries.length, why: failure }, 'batch interrupted')
					else figures.ended(batch)
					spans?.end(failure)
				},
			}
		},
	}
}
