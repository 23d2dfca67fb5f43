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

/** What can go wrong where a person's text goes: characters of other planes, halves of them, controls, other languages' syntax. */
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

/** Anything that JSON can say, small. */
export const anyJson: Arbitrary<unknown> = fc.oneof(
	hostileText,
	fc.jsonValue({ maxDepth: 3 }),
	fc.constantFrom<unknown>(null, true, 0, -1, 1e308, 2 ** 53, 0.1, [], {}, [[]], [null]),
)

const day = fc
	.date({ min: new Date('1890-01-01'), max: new Date('2210-01-01'), noInvalidDate: true })
	.map(date => date.toISOString().slice(0, 10))
/** Mostly within the weeks that have slots in them. */
const instant = fc
	.integer({ min: -5_000, max: 90_000 })
	.map(minutes => new Date(Math.ceil(Date.now() / 60_000 + minutes) * 60_000).toISOString())
const soonDay = instant.map(text => text.slice(0, 10))

const byFormat: Record<string, Arbitrary<string>> = {
	date: fc.oneof(soonDay, day),
	'date-time': instant,
	email: fc.emailAddress(),
	uri: fc.webUrl({ withQueryParameters: true }),
	base64url: fc.constantFrom('B'.repeat(87), 'A'.repeat(22), 'A'),
	uuid: fc.uuid(),
}

/** Shapes that a regular expression says better than a format. */
const matching = (pattern: string): Arbitrary<string> => {
	try {
		return fc.stringMatching(new RegExp(pattern))
	} catch {
		return hostileText
	}
}

/** Values that a schema of the contract lets through, for the most part: refinements say no to some of them. */
export const createArbitraries = (knownIds: readonly string[]) => {
	const id = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...knownIds) }, { weight: 1, arbitrary: hostileText })

	const text = ({ format, pattern, minLength = 0, maxLength = 60 }: Schema): Arbitrary<string> => {
		const shaped = format ? byFormat[format] : undefined
		if (shaped) return shaped
		if (pattern) return matching(pattern)
		return fc.oneof(
			fc.string({ minLength, maxLength: Math.min(maxLength, 200), unit: 'grapheme' }),
			fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
		)
	}

	const from = (schema: Schema, defs: Record<string, Schema>): Arbitrary<unknown> => {
		if (schema.$ref) {
			const name = schema.$ref.slice('#/$defs/'.length)
			return name === 'Id' ? id : from(defs[name] as Schema, defs)
		}
		if (schema.const !== undefined) return fc.constant(schema.const)
		if (schema.enum) return fc.constantFrom(...schema.enum)
		const choices = schema.anyOf ?? schema.oneOf
		if (choices) return fc.oneof(...choices.map(each => from(each, defs)))
		if (schema.allOf) return fc.tuple(...schema.allOf.map(each => from(each, defs))).map(parts => Object.assign({}, ...parts))
		switch (schema.type) {
			case 'object': {
				const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, from(field, defs)] as const)
				return fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] })
			}
			case 'array':
				return fc.array(from(schema.items ?? {}, defs), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 8, 8) })
			case 'string':
				return text(schema)
			case 'integer':
				return fc.oneof(
					fc.integer({ min: Math.max(schema.minimum ?? -1000, -1000), max: Math.min(schema.maximum ?? 1000, 1000) }),
					fc.maxSafeInteger(),
				)
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

	/** One field is something else, is gone, or is one too many. */
	const spoiled = (good: Arbitrary<unknown>): Arbitrary<unknown> =>
		fc.tuple(good, fc.nat(), anyJson, fc.constantFrom('replace', 'remove', 'add')).map(([value, at, other, how]) => {
			if (typeof value !== 'object' || value === null) return other
			const names = Object.keys(value)
			const name = names[at % Math.max(1, names.length)] ?? 'more'
			if (how === 'remove') return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name))
			return { ...value, [how === 'add' ? 'more' : name]: other }
		})

	/** Most are good or nearly so, to get past the door; the rest is anything. */
	const input = (type: z.ZodType): Arbitrary<unknown> => {
		const good = valid(type)
		return fc.oneof({ weight: 4, arbitrary: good }, { weight: 3, arbitrary: spoiled(good) }, { weight: 1, arbitrary: anyJson })
	}

	return { input, id, hostileText }
}

export type Arbitraries = ReturnType<typeof createArbitraries>
