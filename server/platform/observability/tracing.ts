import type { Run } from '../database/pipeline.ts'
import { noTracer, type Tracer, type TracerSettings } from './tracer.ts'

/** Creates a tracer. Loads OpenTelemetry, which has megabytes, only when there is a receiver. */
export async function createTracer({ endpoint, ...settings }: TracerSettings): Promise<Tracer> {
	if (!endpoint) return noTracer
	const { createOtelTracer } = await import('./otel.ts')
	return createOtelTracer({ ...settings, endpoint })
}

/** Traces each statement as a step of the work that runs it, by the statement's name and without its values. */
export function tracedStatements(run: Run, tracer: Tracer): Run {
	if (!tracer.isOn) return run
	return async (statement, values) => {
		const span = tracer.child(`postgresql ${statement.name}`, { kind: 'client' })
		span.set('db.system.name', 'postgresql')
		try {
			return await run(statement, values)
		} catch (error) {
			span.fail((error as { code?: string }).code ?? 'unreachable')
			throw error
		} finally {
			span.end()
		}
	}
}
