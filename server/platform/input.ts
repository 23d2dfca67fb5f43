import type { ZodError } from 'zod'
import { Refusal } from './refusal.ts'

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
