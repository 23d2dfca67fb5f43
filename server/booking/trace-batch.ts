import type { Span, Tracer } from '../platform/observability/tracer.ts'
import type { ChangeRequest, QueueRequest } from './request.ts'
import type { SeenBatch } from './seen-batch.ts'

const traceOf = (request: QueueRequest): string | undefined => (request.kind === 'announce' ? undefined : request.origin.trace)

/**
 * A batch belongs to as many traces as it has requests. It is a step of the first one's trace and linked to the others;
 * each of those has a step of its own, linked back, so that every trace shows how its request was settled.
 */
export const traceBatch = (tracer: Tracer, { taken, entries, beganMs }: SeenBatch) => {
	const [parent, ...others] = entries.flatMap(({ request }) => traceOf(request) ?? [])
	const batch = tracer.start('drain', { kind: 'consumer', parent, links: others, beganMs })
	batch.set('liveslot.batch.requests', entries.length)
	batch.set('liveslot.batch.doctors', taken.length)
	const links = batch.context ? [batch.context] : []
	let concluding: Span | undefined

	return {
		within: <T>(work: () => T): T => tracer.within(batch, work),
		settled(outcomes: readonly { request: ChangeRequest; outcome: string }[]) {
			for (const { request, outcome } of outcomes) {
				const trace = traceOf(request)
				if (!trace) continue
				const isParent = trace === parent
				const settled = tracer.start('settled', { parent: isParent ? batch.context : trace, links: isParent ? [] : links, beganMs })
				settled.set('liveslot.request_id', request.origin.requestId)
				settled.set('liveslot.kind', request.kind)
				settled.set('liveslot.doctor_id', request.doctorId)
				settled.set('liveslot.outcome', outcome)
				if (outcome === 'internal') settled.fail(outcome)
				settled.end()
			}
			concluding = tracer.start('conclude', { parent: batch.context })
		},
		concluded() {
			concluding?.end()
			concluding = undefined
		},
		end(failure: string | undefined) {
			// One that is under way still failed with the batch.
			concluding?.end()
			if (failure) batch.fail(failure)
			batch.end()
		},
	}
}
