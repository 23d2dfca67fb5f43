import express, { type Request, type RequestHandler, type Response } from 'express'
import { FhirRefusal } from './outcome.ts'
import type { Resource } from './resource.ts'

// How resources travel: JSON or XML, by the request's own headers.

export const fhirJson = 'application/fhir+json'
const fhirXml = 'application/fhir+xml'

const formats = new Map<string, 'json' | 'xml'>([
	['json', 'json'],
	['application/json', 'json'],
	['text/json', 'json'],
	[fhirJson, 'json'],
	['application/*', 'json'],
	['*/*', 'json'],
	['xml', 'xml'],
	['application/xml', 'xml'],
	['text/xml', 'xml'],
	[fhirXml, 'xml'],
])

const form = 'application/x-www-form-urlencoded'

export const readText: RequestHandler = express.text({ type: () => true, limit: '100kb' })

/** The format that the caller wants: `_format` prevails over `Accept`. @throws FhirRefusal 406 */
export function formatOf(req: Request): 'json' | 'xml' {
	const { _format: asked } = req.query
	if (asked !== undefined) {
		// A `+` in an address reads as a space.
		const known = typeof asked === 'string' ? formats.get(mediaOf(asked).replace(' ', '+')) : undefined
		if (known) return known
		throw new FhirRefusal(406, 'not-supported', 'not_acceptable', 'Answers are in JSON or XML')
	}
	const { accept } = req.headers
	if (!accept) return 'json'
	const known = accept
		.split(',')
		.map(part => ({ format: formats.get(mediaOf(part)), q: Number(/;\s*q=([\d.]+)/.exec(part)?.[1] ?? 1) }))
		.filter(({ format, q }) => format && q > 0)
		.sort((a, b) => b.q - a.q)[0]?.format
	if (!known) throw new FhirRefusal(406, 'not-supported', 'not_acceptable', 'Answers are in JSON or XML')
	return known
}

const mediaOf = (header: string) => (header.split(';')[0] ?? '').trim().toLowerCase()

/** @throws FhirRefusal 415, 400 */
export async function readResource(req: Request): Promise<Resource> {
	const text = typeof req.body === 'string' ? req.body : ''
	const media = mediaOf(req.headers['content-type'] ?? '')
	const format = media === '*/*' || media === 'application/*' ? undefined : formats.get(media)
	if (text && !format) throw new FhirRefusal(415, 'not-supported', 'unsupported_media_type', 'Bodies are in JSON or XML')
	const resource: unknown = text ? await parse(text, format === 'xml') : undefined
	if (typeof resource !== 'object' || resource === null || typeof (resource as Resource).resourceType !== 'string')
		throw new FhirRefusal(400, 'structure', 'invalid_input', 'The body must be a resource')
	return resource as Resource
}

async function parse(text: string, isXml: boolean): Promise<unknown> {
	try {
		return withoutNulls(isXml ? (await xml()).xmlToObj(text) : JSON.parse(text))
	} catch {
		throw new FhirRefusal(400, 'structure', 'invalid_input', `The body is not valid ${isXml ? 'XML' : 'JSON'}`)
	}
}

/** FHIR has no null but beside extensions of primitives, which we do not read. */
function withoutNulls(value: unknown): unknown {
	if (Array.isArray(value)) return value.filter(each => each !== null).map(withoutNulls)
	if (typeof value !== 'object' || value === null) return value
	return Object.fromEntries(
		Object.entries(value).flatMap(([name, each]) => (each === null || name === '__proto__' ? [] : [[name, withoutNulls(each)]])),
	)
}

/** The parameters of a search by POST: its form's and its address's together. @throws FhirRefusal 415 */
export function readForm(req: Request): URLSearchParams {
	const params = paramsOf(req)
	const text = typeof req.body === 'string' ? req.body : ''
	if (text && mediaOf(req.headers['content-type'] ?? '') !== form)
		throw new FhirRefusal(415, 'not-supported', 'unsupported_media_type', `A search by POST is a form: ${form}`)
	for (const [name, value] of new URLSearchParams(text)) params.append(name, value)
	return params
}

export function paramsOf({ originalUrl }: Request): URLSearchParams {
	const at = originalUrl.indexOf('?')
	return new URLSearchParams(at === -1 ? '' : originalUrl.slice(at + 1))
}

export async function sendResource(res: Response, format: 'json' | 'xml', status: number, resource: Resource): Promise<void> {
	res.status(status)
	if (format === 'xml') res.type(`${fhirXml}; charset=utf-8`).send((await xml()).objToXml(resource))
	else res.type(`${fhirJson}; charset=utf-8`).send(JSON.stringify(resource))
}

type Xml = { objToXml(resource: object): string; xmlToObj(text: string): unknown }

let loading: Promise<Xml> | undefined

/** The library reads all of FHIR's definitions, so it is loaded for the first caller who wants XML. */
function xml(): Promise<Xml> {
	loading ??= import('fhir/fhir.js').then(module => {
		const { Fhir } = ('Fhir' in module ? module : (module as any).default) as { Fhir: new () => Xml }
		return new Fhir()
	})
	return loading
}
