import { ZodError } from 'zod'
import { isDatabaseUnavailable, isTimeOutOfRange } from './database/database.ts'
import type { Log } from './observability/log.ts'
import { isRedisUnavailable } from './redis/redis.ts'
import { Refusal } from './refusal.ts'

export const inputErrors = (error: ZodError) =>
	error.issues.slice(0, 20).map(issue => ({ path: issue.path.join('.'), message: issue.message }))

/** @throws Refusal invalid_input */
export const parseInput = <T>(
	schema: { safeParse(input: unknown): { success: true; data: T } | { success: false; error: ZodError } },
	input: unknown,
): T => {
	const parsed = schema.safeParse(input)
	if (parsed.success) return parsed.data
	const errors = inputErrors(parsed.error)
	const [first] = errors
	throw new Refusal('invalid_input', { message: first ? `${first.path || 'input'}: ${first.message}` : 'malformed', errors })
}

const retrySoonSeconds = 2

/**
 * What a client is told of an error. A library's message never gets through; what is our fault is logged, and the
 * loss of PostgreSQL or Redis is an outcome not known yet, to be asked for again with the same key. Who tries what they may not is
 * logged too: pages of ours do not offer it.
 */
export const toRefusal = (error: unknown, log: Log, context: Record<string, unknown>): Refusal => {
	if (error instanceof Refusal) {
		if (error.code === 'forbidden') log.info(context, 'not allowed')
		return error
	}
	if (error instanceof ZodError) return new Refusal('invalid_input', { errors: inputErrors(error) })
	if (isDatabaseUnavailable(error) || isRedisUnavailable(error)) {
		log.warn({ ...context, reason: (error as Error).message }, 'dependency unavailable')
		return new Refusal('booking_pending', { message: 'The service is recovering; try again', retryAfterSeconds: retrySoonSeconds })
	}
	if (isTimeOutOfRange(error)) return new Refusal('invalid_input', { message: 'a time is out of range' })
	log.error({ ...context, err: error }, 'internal error')
	return new Refusal('internal')
}
