import fc, { type Arbitrary } from 'fast-check'
import { z } from 'zod'

type Schema = {
	$ref?: string
	$defs?: Record<string, Schema>
	type?: string | string[]
	properties?: Record<string, Schema>
	required?: string[]
	items?: Schema
	enum?: unknown[]
	const?: unknown
	anyOf?: Schema[]
	oneOf?: Schema[]
	allOf?: Schema[]
	format?: string
	pattern?: string
	minLength?: number
	maxLength?: number
	minimum?: number
	maximum?: number
	minItems?: number
	maxItems?: number
}

/** Difficult texts: characters of other planes, halves of them, control characters, the syntax of other languages. */
const hostileText = fc.oneof(
	fc.constantFrom(
		'',
		'\u0000',
		'\ud800',
		'__proto__',
		'constructor',
		"'; DROP TABLE users; --",
		'%',
		'_',
		'\\',
		'9'.repeat(30),
		'-1',
		'NaN',
		'١٢٣',
	),
	fc.string({ unit: 'binary', maxLength: 600 }),
	fc.string({ unit: 'grapheme', maxLength: 40 }),
)

/** Any small JSON value. */
export const anyJson: Arbitrary<unknown> = fc.oneof(
	hostileText,
	fc.jsonValue({ maxDepth: 3 }),
	fc.constantFrom<unknown>(null, true, 0, -1, 1e308, 2 ** 53, 0.1, [], {}, [[]], [null]),
)

const day = fc
	.date({ min: new Date('1890-01-01'), max: new Date('2210-01-01'), noInvalidDate: true })
	.map(date => date.toISOString().slice(0, 10))
/** Dates, mostly within the weeks with slots. */
const instant = fc
	.integer({ min: -5_000, max: 90_000 })
	.map(minutes => new Date(Math.ceil(Date.now() / 60_000 + minutes) * 60_000).toISOString())
const soonDay = instant.map(text => text.slice(0, 10))

const byFormat: Record<string, Arbitrary<string>> = {
	date: fc.oneof(soonDay, day),
	'date-time': instant,
	email: fc.oneof(fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.(com|org)$/), fc.emailAddress()),
	uri: fc.webUrl({ withQueryParameters: true }),
	base64url: fc.constantFrom('B'.repeat(87), 'A'.repeat(22), 'A'),
	uuid: fc.uuid(),
}

/** Shapes that a regular expression describes better than a format. */
const matching = (pattern: string): Arbitrary<string> => {
	try {
		return fc.stringMatching(new RegExp(pattern))
	} catch {
		return hostileText
	}
}

/** Existing things, by the name of the field that refers to one: `slotId`, `token`. */
export type Known = Record<string, readonly string[]>

const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Mars/Olympus')

/** Pairs of fields whose order matters. Spoiling tries the other order too. */
const inOrder = [
	['from', 'to'],
	['startsAt', 'endsAt'],
	['start', 'end'],
	['validFrom', 'validUntil'],
] as const

const ordered = (value: Record<string, unknown>): Record<string, unknown> => {
	const swapped = inOrder.filter(([first, last]) => String(value[first]) > String(value[last]) && value[first] && value[last])
	return Object.assign({ ...value }, ...swapped.map(([first, last]) => ({ [first]: value[last], [last]: value[first] })))
}

/** Whole numbers within the schema's bounds, as near to zero as these allow. */
const near = ({ minimum = -1000, maximum = 1000 }: Schema) => {
	const min = Math.max(minimum, Math.min(maximum, 1000) - 2000)
	return { min, max: Math.min(maximum, Math.max(min, 1000)) }
}

/** Values that a schema of the contract accepts, except for some that its refinements refuse. */
export const createArbitraries = (known: Known) => {
	const anyKnown = fc.constantFrom(...Object.values(known).flat())
	const idFor = (field: string): Arbitrary<string> =>
		fc.oneof(
			{ weight: 8, arbitrary: known[field] ? fc.constantFrom(...known[field]) : anyKnown },
			{ weight: 1, arbitrary: anyKnown },
			{ weight: 1, arbitrary: hostileText },
		)

	const text = ({ format, pattern, minLength = 0, maxLength = 60 }: Schema): Arbitrary<string> => {
		const shaped = format ? byFormat[format] : undefined
		if (shaped) return shaped
		if (pattern) return matching(pattern)
		return fc.string({ minLength, maxLength: Math.min(maxLength, 200), unit: 'grapheme' })
	}

	const from = (schema: Schema, defs: Record<string, Schema>, field = ''): Arbitrary<unknown> => {
		if (schema.$ref) {
			const name = schema.$ref.slice('#/$defs/'.length)
			if (name === 'TimeZone') return zone
			if (name === 'Email') return byFormat.email as Arbitrary<string>
			return name === 'Id' ? idFor(field) : from(defs[name] as Schema, defs, field)
		}
		if (schema.const !== undefined) return fc.constant(schema.const)
		if (schema.enum) return fc.constantFrom(...schema.enum)
		const choices = schema.anyOf ?? schema.oneOf
		if (choices) return fc.oneof(...choices.map(each => from(each, defs, field)))
		if (schema.allOf)
			return fc.tuple(...schema.allOf.map(each => from(each, defs, field))).map(parts => ordered(Object.assign({}, ...parts)))
		switch (schema.type) {
			case 'object': {
				const fields = Object.entries(schema.properties ?? {}).map(([name, each]) => [name, from(each, defs, name)] as const)
				return fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] }).map(ordered)
			}
			case 'array':
				return fc.array(from(schema.items ?? {}, defs), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 8, 8) })
			case 'string':
				return known[field] ? fc.oneof(fc.constantFrom(...known[field]), text(schema)) : text(schema)
			case 'integer':
				return fc.oneof(fc.integer(near(schema)), fc.maxSafeInteger())
			case 'number':
				return fc.double()
			case 'boolean':
				return fc.boolean()
			case 'null':
				return fc.constant(null)
			default:
				return anyJson
		}
	}

	const valid = (type: z.ZodType): Arbitrary<unknown> => {
		const { $defs = {}, ...schema } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as Schema
		return from(schema, $defs)
	}

	/** Replaces, removes or adds one field. */
	const spoiled = (good: Arbitrary<unknown>): Arbitrary<unknown> =>
		fc.tuple(good, fc.nat(), anyJson, fc.constantFrom('replace', 'remove', 'add')).map(([value, at, other, how]) => {
			if (typeof value !== 'object' || value === null) return other
			const names = Object.keys(value)
			const name = names[at % Math.max(1, names.length)] ?? 'more'
			if (how === 'remove') return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name))
			return { ...value, [how === 'add' ? 'more' : name]: other }
		})

	/** Mostly valid or nearly valid values, to pass the first checks; the others are arbitrary. */
	const input = (type: z.ZodType): Arbitrary<unknown> => {
		const good = valid(type)
		return fc.oneof({ weight: 4, arbitrary: good }, { weight: 3, arbitrary: spoiled(good) }, { weight: 1, arbitrary: anyJson })
	}

	return { input, idFor, hostileText }
}

export type Arbitraries = ReturnType<typeof createArbitraries>
