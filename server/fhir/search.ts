import { encodeCursor } from '../platform/database/cursors.ts'
import { FhirRefusal } from './outcome.ts'
import type { Resource } from './resource.ts'

// Search as FHIR R4 defines it: repeated parameters mean AND, commas OR; dates are spans of the precision in which they are written.

/** What a search can be narrowed by, and how each parameter reads the thing that it is compared with. */
export type Params<T> = Record<string, Param<T>>

export type Param<T> =
	| { type: 'token'; of: (thing: T) => (Token | string | undefined)[]; documentation?: string }
	| { type: 'string'; of: (thing: T) => (string | undefined)[]; documentation?: string }
	| { type: 'reference'; of: (thing: T) => (string | undefined)[]; targets: readonly string[]; documentation?: string }
	/** Milliseconds. */
	| { type: 'date'; of: (thing: T) => number; documentation?: string }

export type Token = { system?: string; code: string }

/** A parameter of a request: `name:modifier=value,value`. */
export type Criterion = { name: string; modifier: string | undefined; values: string[]; text: string }

export type Query = {
	criteria: Criterion[]
	count: number
	page: string | undefined
	includes: string[]
	/** Only how many there are. */
	isCount: boolean
	/** What was understood, for the self link. */
	used: [string, string][]
}

const maxCount = 200
const defaultCount = 50
const maxCriteria = 40

/** Accepted everywhere and without effect on which resources match. */
const harmless = new Set(['_format', '_pretty', '_total', '_elements'])

/** @throws FhirRefusal for a malformed parameter, and with `isStrict` for an unknown one */
export function readQuery(search: URLSearchParams, known: ReadonlySet<string>, { isStrict }: { isStrict: boolean }): Query {
	const query: Query = { criteria: [], count: defaultCount, page: undefined, includes: [], isCount: false, used: [] }
	for (const [name, value] of search) {
		const [bare = '', modifier] = name.split(':', 2)
		if (name === 'page') query.page = value
		else if (value === '' || harmless.has(name)) continue
		else if (name === '_count') query.count = readCount(value)
		else if (name === '_sort') continue
		else if (name === '_summary') query.isCount = value === 'count'
		else if (bare === '_include') query.includes.push(value)
		else if (known.has(bare)) query.criteria.push({ name: bare, modifier, values: splitAtCommas(value), text: value })
		else if (isStrict) throw invalid('not-supported', `Unknown search parameter: ${bare.slice(0, 50)}`)
		else continue
		if (name !== 'page') query.used.push([name, value])
	}
	if (query.criteria.length > maxCriteria) throw invalid('too-costly', 'Too many search parameters')
	return query
}

const invalid = (issue: string, message: string) => new FhirRefusal(400, issue, 'invalid_input', message)

function readCount(text: string): number {
	if (!/^\d{1,9}$/.test(text)) throw invalid('value', '_count must be a number')
	return Math.min(Number(text), maxCount)
}

/** A comma after a backslash is part of the value. */
const splitAtCommas = (text: string) => text.match(/(?:\\.|[^,\\])+/g)?.map(part => part.replace(/\\(.)/g, '$1')) ?? []

/** @throws FhirRefusal for a modifier or a value that the parameter does not take */
export function matches<T>(thing: T, params: Params<T>, criteria: readonly Criterion[], zone: string): boolean {
	return criteria.every(criterion => {
		const param = params[criterion.name]
		return !param || meets(thing, param, criterion, zone)
	})
}

function meets<T>(thing: T, param: Param<T>, { modifier, values, name }: Criterion, zone: string): boolean {
	switch (param.type) {
		case 'token': {
			if (modifier !== undefined && modifier !== 'not') throw badModifier(name, modifier)
			const own = param.of(thing).flatMap(each => (each === undefined ? [] : typeof each === 'string' ? [{ code: each }] : [each]))
			return values.some(value => own.some(token => isToken(token, value))) !== (modifier === 'not')
		}
		case 'string': {
			if (modifier !== undefined && modifier !== 'exact' && modifier !== 'contains') throw badModifier(name, modifier)
			const own = param.of(thing).flatMap(each => each ?? [])
			return values.some(value => own.some(text => isText(text, value, modifier)))
		}
		case 'reference': {
			if (modifier !== undefined && !param.targets.includes(modifier)) throw badModifier(name, modifier)
			const own = param.of(thing)
			return values.some(value => own.some(reference => reference !== undefined && isReference(reference, value, modifier)))
		}
		case 'date': {
			if (modifier !== undefined) throw badModifier(name, modifier)
			const atMs = param.of(thing)
			return values.some(value => isWithin(atMs, readDate(value, zone)))
		}
	}
}

const badModifier = (name: string, modifier: string) => invalid('not-supported', `${name} does not take :${modifier.slice(0, 20)}`)

function isToken(token: Token, text: string): boolean {
	const bar = text.indexOf('|')
	if (bar === -1) return token.code === text
	const [system, code] = [text.slice(0, bar), text.slice(bar + 1)]
	return (system === '' ? token.system === undefined : token.system === system) && (code === '' || token.code === code)
}

function isText(text: string, asked: string, modifier: string | undefined): boolean {
	if (modifier === 'exact') return text === asked
	const [own, wanted] = [plain(text), plain(asked)]
	return modifier === 'contains' ? own.includes(wanted) : own.split(/\s+/).some(word => word.startsWith(wanted)) || own.startsWith(wanted)
}

/** Without case and accents, as FHIR compares strings. */
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** By id, by type and id, or by an address that ends so. */
function isReference(reference: string, asked: string, type: string | undefined): boolean {
	const wanted = type === undefined ? asked : `${type}/${asked.split('/').at(-1)}`
	return wanted === reference || wanted.endsWith(`/${reference}`) || (!wanted.includes('/') && reference.endsWith(`/${wanted}`))
}

/** The values of a parameter as ids of a type; undefined when it is not asked for. Repeated, it narrows. */
export function idsOf(criteria: readonly Criterion[], names: readonly string[], type: string): string[] | undefined {
	const lists = criteria
		.filter(({ name }) => names.includes(name))
		.map(({ values }) =>
			values.flatMap(value =>
				value.includes('/') ? (value.split('/').at(-2) === type ? [value.split('/').at(-1) as string] : []) : [value],
			),
		)
	const [first, ...rest] = lists
	return first?.filter(id => rest.every(list => list.includes(id)))
}

/** `prefix`, and the span from its first millisecond to the one after its last. */
export type DateSpan = { prefix: string; fromMs: number; untilMs: number }

const datePattern =
	/^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4})(?:-?(\d\d)(?:-?(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+ -]\d\d:\d\d)?)?)?)?$/

/** Dates without a zone are read in the clinic's. A space before an offset is a lost `+`. @throws FhirRefusal */
export function readDate(text: string, zone: string): DateSpan {
	const match = datePattern.exec(text)
	if (!match) throw invalid('value', 'This is no date')
	const [, prefix = 'eq', year, month, day, hour, minute, second, fraction, offset] = match
	const parts = [
		Number(year),
		Number(month ?? 1) - 1,
		Number(day ?? 1),
		Number(hour ?? 0),
		Number(minute ?? 0),
		Number(second ?? 0),
	] as const
	const fractionMs = fraction === undefined ? 0 : Number(`0.${fraction}`) * 1000
	const first = Date.UTC(...parts) + Math.floor(fractionMs)
	const written = new Date(first)
	const isReal = written.getUTCMonth() === parts[1] && written.getUTCDate() === parts[2] && parts[3] < 24 && parts[4] < 60 && parts[5] < 60
	if (!isReal || parts[0] < 1900 || parts[0] > 2199) throw invalid('value', 'This is no date')
	const last =
		month === undefined
			? Date.UTC(parts[0] + 1, 0)
			: day === undefined
				? Date.UTC(parts[0], parts[1] + 1)
				: first + (hour === undefined ? 86_400_000 : second === undefined ? 60_000 : fraction === undefined ? 1000 : 1)
	const inUtc = (ms: number) => (offset === undefined ? instantIn(zone, ms) : ms - offsetMs(offset))
	return { prefix, fromMs: inUtc(first), untilMs: inUtc(last) }
}

function offsetMs(offset: string): number {
	if (offset.toUpperCase() === 'Z') return 0
	const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number)
	return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** The instant at which a zone's clock shows what `wallMs` shows in UTC. */
export function instantIn(zone: string, wallMs: number): number {
	let ms = wallMs
	// The offset before a clock change may not be the one after it, so the first guess is corrected once.
	for (let round = 0; round < 2; round++) ms = wallMs - (wallOf(zone, ms) - ms)
	return ms
}

/** What a zone's clock shows, as if it were UTC. */
function wallOf(zone: string, ms: number): number {
	let formatter = formatters.get(zone)
	if (!formatter) {
		formatter = new Intl.DateTimeFormat('en-US', {
			timeZone: zone,
			hourCycle: 'h23',
			year: 'numeric',
			month: 'numeric',
			day: 'numeric',
			hour: 'numeric',
			minute: 'numeric',
			second: 'numeric',
		})
		if (formatters.size < 500) formatters.set(zone, formatter)
	}
	const part = Object.fromEntries(formatter.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
	return Date.UTC(part.year as number, (part.month as number) - 1, part.day, part.hour, part.minute, part.second)
}

export function isWithin(atMs: number, { prefix, fromMs, untilMs }: DateSpan): boolean {
	switch (prefix) {
		case 'ne':
			return atMs < fromMs || atMs >= untilMs
		case 'gt':
		case 'sa':
			return atMs >= untilMs
		case 'lt':
		case 'eb':
			return atMs < fromMs
		case 'ge':
			return atMs >= fromMs
		case 'le':
			return atMs < untilMs
		case 'ap':
			return atMs >= fromMs - 86_400_000 && atMs < untilMs + 86_400_000
		default:
			return atMs >= fromMs && atMs < untilMs
	}
}

/** The span in which all date criteria of a name can be met: from, inclusive, until, exclusive. */
export function boundsOf(criteria: readonly Criterion[], name: string, zone: string): { fromMs: number; untilMs: number } {
	let [fromMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
	for (const criterion of criteria.filter(each => each.name === name)) {
		const spans = criterion.values.map(value => readDate(value, zone))
		if (spans.length === 0) continue
		fromMs = Math.max(fromMs, Math.min(...spans.map(firstOf)))
		untilMs = Math.min(untilMs, Math.max(...spans.map(endOf)))
	}
	return { fromMs, untilMs }
}

function firstOf({ prefix, fromMs, untilMs }: DateSpan): number {
	if (prefix === 'gt' || prefix === 'sa') return untilMs
	if (prefix === 'eq' || prefix === 'ge') return fromMs
	if (prefix === 'ap') return fromMs - 86_400_000
	return Number.NEGATIVE_INFINITY
}

function endOf({ prefix, fromMs, untilMs }: DateSpan): number {
	if (prefix === 'lt' || prefix === 'eb') return fromMs
	if (prefix === 'eq' || prefix === 'le') return untilMs
	if (prefix === 'ap') return untilMs + 86_400_000
	return Number.POSITIVE_INFINITY
}

export type Key = readonly [number, string]

/** The things after the page's cursor, sorted by (start, id), as many as were asked for. */
export function pageOf<T>(things: T[], keyOf: (thing: T) => Key, { count, page }: Query): { items: T[]; next: string | undefined } {
	const after = page === undefined ? undefined : readCursor(page)
	const sorted = things.map(thing => ({ thing, key: keyOf(thing) })).sort((a, b) => compare(a.key, b.key))
	const rest = after ? sorted.filter(({ key }) => compare(key, after) > 0) : sorted
	const shown = rest.slice(0, count)
	const last = shown.at(-1)
	return { items: shown.map(({ thing }) => thing), next: rest.length > count && last ? encodeCursor([...last.key]) : undefined }
}

/** @throws FhirRefusal for a cursor that this server did not give out */
export function readCursor(page: string): Key {
	try {
		const key: unknown = JSON.parse(Buffer.from(page, 'base64url').toString('utf8'))
		if (Array.isArray(key) && key.length === 2 && Number.isFinite(key[0]) && typeof key[1] === 'string') return key as unknown as Key
	} catch {}
	throw invalid('value', 'page is not one that this server gave out')
}

const idText = (id: string) => (/^\d+$/.test(id) ? id.padStart(20, '0') : id)

function compare([a, aId]: Key, [b, bId]: Key): number {
	if (a !== b) return a - b
	const [x, y] = [idText(aId), idText(bId)]
	return x < y ? -1 : x > y ? 1 : 0
}

export type Found = { total: number; resources: Resource[]; next: string | undefined }

/** The Bundle of a search, with the address of its next page. */
export function searchset(url: string, query: Query, { total, resources, next }: Found, entries: Entries): Resource {
	const self = new URLSearchParams(query.used)
	const following = new URLSearchParams([...query.used, ['page', next ?? '']])
	const addressOf = (params: URLSearchParams) => (params.size > 0 ? `${url}?${params}` : url)
	const entry = [
		...resources.map(resource => ({ fullUrl: entries.fullUrl(resource), resource, search: { mode: 'match' } })),
		...entries.included.map(resource => ({ fullUrl: entries.fullUrl(resource), resource, search: { mode: 'include' } })),
		...(entries.outcome ? [{ resource: entries.outcome, search: { mode: 'outcome' } }] : []),
	]
	return {
		resourceType: 'Bundle',
		type: 'searchset',
		total,
		link: [{ relation: 'self', url: addressOf(self) }, ...(next === undefined ? [] : [{ relation: 'next', url: addressOf(following) }])],
		...(entry.length > 0 && { entry }),
	}
}

type Entries = { included: Resource[]; outcome?: Resource | undefined; fullUrl: (resource: Resource) => string }
