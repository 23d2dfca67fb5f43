import { ZodError } from 'zod'
import { isDatabaseUnavailable } from './database/database.ts'
import type { Log } from './observability/log.ts'
import { isRedisUnavailable } from './redis/redis.ts'
import { invalid, Refusal } from './refusal.ts'

/**
 * Turns an error into what the client may know. A library's message never reaches a client. Errors of ours are logged. When
 * PostgreSQL or Redis is lost, the outcome is unknown, so the client is asked to repeat with the same key. `forbidden` is logged as
 * well, because our own pages never offer a forbidden call.
 */
export function toRefusal(error: unknown, log: Log, context: Record<string, unknown>): Refusal {
	if (error instanceof Refusal) {
		if (error.code === 'forbidden') log.info(context, 'not allowed')
		return error
	}
	if (error instanceof ZodError) return invalid(error)
	const message = refusedValues.get((error as { code?: unknown } | null)?.code)
	if (message) return new Refusal('invalid_input', { message })
	if (isDatabaseUnavailable(error) || isRedisUnavailable(error)) {
		log.warn({ ...context, reason: (error as Error).message }, 'dependency unavailable')
		return new Refusal('booking_pending', { message: 'The service is recovering; try again', retryAfterSeconds: retrySoonSeconds })
	}
	log.error({ ...context, err: error }, 'internal error')
	return new Refusal('internal')
}

/** SQLSTATEs of values that pass the schemas but that PostgreSQL's types cannot hold. */
const refusedValues = new Map<unknown, string>([
	['22021', 'Text must not contain NUL characters'],
	['22008', 'A time is out of range'],
	['22009', 'An offset from UTC is out of range'],
])

const retrySoonSeconds = 2
