import { z } from 'zod'

/** An opaque identifier. Clients must not read anything into it. */
export const Id = z.string().min(1).max(64).meta({ id: 'Id', description: 'An opaque identifier.' })

/** An instant as the server writes it: ISO 8601 in UTC, with milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 }).meta({ id: 'Instant', example: '2026-12-01T09:00:00.000Z' })

/** An instant as a client may send it: any ISO 8601 offset, any precision. */
export const InstantInput = z.iso
	.datetime({ offset: true })
	.refine(text => Math.abs(new Date(text).getTime()) < 4e12, 'must be a year between 1900 and 2096')
	.meta({ id: 'InstantInput' })

/** A calendar date in the doctor's time zone. */
export const CalendarDate = z.iso
	.date()
	.refine(text => text >= '1900-01-01' && text <= '2199-12-31', 'must be between 1900 and 2199')
	.meta({ id: 'CalendarDate', example: '2026-12-01' })

/** A wall-clock time in the doctor's time zone. `24:00` ends a day. */
export const WallTime = z
	.string()
	.regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM')
	.meta({ id: 'WallTime', example: '09:30' })

const knownZones = new Map<string, boolean>()

const isTimeZone = (name: string) => {
	let known = knownZones.get(name)
	if (known === undefined) {
		try {
			new Intl.DateTimeFormat('en', { timeZone: name })
			// Libraries disagree about abbreviations, and PostgreSQL does not know some legacy names.
			known = /^(UTC|GMT|(?!SystemV\/|US\/Pacific-New)[A-Z][A-Za-z_-]*(\/[A-Za-z0-9_+-]+)+)$/.test(name)
		} catch {
			known = false
		}
		if (knownZones.size < 1000) knownZones.set(name, known)
	}
	return known
}

export const TimeZone = z
	.string()
	.max(64)
	.refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
	.meta({ id: 'TimeZone', example: 'Europe/Berlin' })

/** Text that a person typed: trimmed, without control characters, never empty. */
export const Text = (maxLength: number) =>
	z
		.string()
		.trim()
		.min(1)
		.max(maxLength)
		// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
		.refine(text => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ud800-\udfff]/u.test(text), 'must not contain control characters')

/** A person's name: one visible line, in the direction of its own letters. */
export const FullName = Text(120)
	.refine(text => !/[\p{Cc}\u2028\u2029]/u.test(text), 'must be one line')
	.refine(text => !/[\u202a-\u202e\u2066-\u2069]/u.test(text), 'must not override the direction of text')
	// The Braille blank, and marks without a letter, are invisible too.
	.refine(text => /(?![\p{Default_Ignorable_Code_Point}\p{M}\u2800])[^\p{C}\p{Z}]/u.test(text), 'must be visible')

export const Email = z.string().trim().toLowerCase().max(254).pipe(z.email()).meta({ id: 'Email', example: 'ada@example.com' })

export const Phone = z
	.string()
	.trim()
	.max(32)
	.regex(/^\+?[0-9][0-9 ()./-]{3,30}$/, 'must be a phone number')
	.meta({ id: 'Phone', example: '+49 30 1234567' })

export const IdempotencyKey = z
	.string()
	.min(1)
	.max(128)
	.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')

export const IdParams = z.object({ id: Id })

/** A few ids, separated by commas. */
export const IdList = z
	.string()
	.max(4000)
	.transform(text => [...new Set(text.split(','))])
	.pipe(z.array(Id).min(1).max(200))

/** Query parameters of every list. */
export const PageQuery = z.object({
	cursor: z.string().max(256).optional(),
	limit: z.coerce.number().int().min(1).max(200).default(50),
})

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() })

export type Page<T> = { items: T[]; nextCursor: string | null }
