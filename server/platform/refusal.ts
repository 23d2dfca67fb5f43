import type { ZodError } from 'zod'
import { type RefusalCode, type RefusalExtra, refusals } from '../../contract/index.ts'

export type RefusalDetails = {
	message?: string
	errors?: { path: string; message: string }[]
	/** Fields that a domain adds, named by the contract. */
	extra?: RefusalExtra
	retryAfterSeconds?: number
}

/** An expected no to a valid request. Each transport maps it to its own form, in one place. */
export class Refusal extends Error {
	readonly code: RefusalCode
	readonly details: RefusalDetails

	constructor(code: RefusalCode, details: RefusalDetails = {}) {
		// A refusal is an answer, so its stack trace is never read, and a stampede makes thousands of refusals.
		const { stackTraceLimit } = Error
		Error.stackTraceLimit = 0
		super(details.message ?? refusals[code].title)
		Error.stackTraceLimit = stackTraceLimit
		this.code = code
		this.details = details
	}
}

export function invalidInput(path: string, message: string) {
	return new Refusal('invalid_input', { message: `${path}: ${message}`, errors: [{ path, message }] })
}

type Schema<T> = { safeParse(input: unknown): { success: true; data: T } | { success: false; error: ZodError } }

/** @throws Refusal invalid_input */
export function parseInput<T>(schema: Schema<T>, input: unknown): T {
	const parsed = schema.safeParse(input)
	if (parsed.success) return parsed.data
	throw invalid(parsed.error)
}

const maxErrors = 20

/** The refusal for input that was parsed elsewhere. */
export function invalid(error: ZodError): Refusal {
	const errors = error.issues.slice(0, maxErrors).map(({ path, message }) => ({ path: path.join('.'), message }))
	const [first] = errors
	return new Refusal('invalid_input', { message: first ? `${first.path || 'input'}: ${first.message}` : 'malformed', errors })
}
