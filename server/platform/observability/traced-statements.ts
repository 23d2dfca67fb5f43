import type { Run } from '../database/pipeline.ts'
import type { Tracer } from './tracer.ts'

/** Each statement as a step of whatever it is run for. It is told by its name; its values stay here. */
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
