import { invalidInput } from '../platform/refusal.ts'

/** Leaves out what is null or undefined, as answers do. */
export function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as never
}

/** Leaves out what is undefined, and keeps null, which removes. */
export function withoutUndefined<T extends Record<string, unknown>>(fields: T): Partial<T> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/** A pattern for ILIKE. @throws Refusal invalid_input: PostgreSQL's text type holds every character except NUL */
export function containing(text: string): string {
	if (text.includes('\0')) throw invalidInput('q', 'must not contain control characters')
	return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}
