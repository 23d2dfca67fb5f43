import { z } from 'zod'
import { type Endpoint, Problem, type RefusalCode, refusals } from '../../../contract/index.ts'

/** Builds the OpenAPI 3.1 description from the same table that binds the server's routes. */
export function openApiDocument(endpoints: Record<string, Endpoint>, version: string) {
	const components: Record<string, unknown> = {}
	schemaOf(z.object({ problem: Problem }), 'output', components)
	const paths: Record<string, Record<string, unknown>> = {}
	for (const [name, endpoint] of Object.entries(endpoints)) {
		const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
		paths[path] = { ...paths[path], [endpoint.method]: operationOf(name, endpoint, components) }
	}
	return {
		openapi: '3.1.0',
		info: {
			title: 'Liveslot',
			version,
			description: 'Real-time appointment booking. Live traffic goes over Socket.IO; see the repository’s contract/events.ts.',
			license: { name: 'MIT', identifier: 'MIT' },
		},
		servers: [{ url: '/api/v1' }],
		security: [{ bearer: [] }],
		paths,
		components: { schemas: components, securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
	}
}

type JsonSchema = Record<string, unknown> & {
	properties?: Record<string, JsonSchema>
	required?: string[]
	$defs?: Record<string, unknown>
}

function schemaOf(type: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): JsonSchema {
	const schema = z.toJSONSchema(type, { io, target: 'draft-2020-12', unrepresentable: 'any' }) as JsonSchema
	// A named schema appears once among the components, wherever it is used, also inside another named schema.
	const { $defs, $schema: _, ...rest } = JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema
	Object.assign(components, $defs)
	return rest
}

function operationOf(name: string, endpoint: Endpoint, components: Record<string, unknown>) {
	const body = schemaOf(endpoint.body, 'input', components)
	const hasBody = endpoint.method !== 'get' && (body.$ref !== undefined || Object.keys(body.properties ?? {}).length > 0)
	const content = endpoint.status !== 204 &&
		endpoint.status !== 303 && {
			content: { [endpoint.contentType ?? 'application/json']: { schema: schemaOf(endpoint.response, 'output', components) } },
		}
	const bodyRequired = body.$ref !== undefined || (body.required ?? []).length > 0
	return {
		operationId: name,
		tags: [endpoint.tag],
		summary: endpoint.summary,
		description: accessText(endpoint),
		...(endpoint.access === 'anyone' ? { security: [{}] } : {}),
		parameters: [
			...parametersOf(endpoint.params, 'path', components),
			...parametersOf(endpoint.query, 'query', components),
			...(endpoint.repeatable
				? [{ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 128 } }]
				: []),
		],
		...(endpoint.maxFileBytes !== undefined && { requestBody: { required: true, content: { 'image/*': { schema: {} } } } }),
		...(hasBody && { requestBody: { required: bodyRequired, content: { 'application/json': { schema: body } } } }),
		responses: {
			[endpoint.status]: { description: endpoint.status === 303 ? 'Go to the address in `Location`.' : 'Done.', ...content },
			...(endpoint.mayCreate && { 201: { description: 'Created.', ...content } }),
			...problemResponses([...endpoint.refusals, ...alwaysPossible(endpoint)]),
		},
	}
}

function accessText({ access }: Endpoint) {
	return access === 'anyone' ? 'Anyone.' : typeof access === 'string' ? 'Anyone signed in.' : `For: ${access.join(', ')}.`
}

function parametersOf(type: z.ZodType, where: 'path' | 'query', components: Record<string, unknown>) {
	const { properties = {}, required = [] } = schemaOf(type, 'input', components)
	return Object.entries(properties).map(([name, schema]) => ({
		name,
		in: where,
		required: where === 'path' || required.includes(name),
		schema,
	}))
}

function problemResponses(codes: readonly RefusalCode[]) {
	const byStatus = new Map<string, RefusalCode[]>()
	for (const code of new Set(codes)) {
		const status = String(refusals[code].status)
		byStatus.set(status, [...(byStatus.get(status) ?? []), code])
	}
	return Object.fromEntries(
		[...byStatus].map(([status, list]) => [
			status,
			{
				description: list.map(code => `\`${code}\`: ${refusals[code].title}.`).join(' '),
				content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
			},
		]),
	)
}

function alwaysPossible(endpoint: Endpoint): RefusalCode[] {
	return [
		'invalid_input',
		...(endpoint.access === 'anyone' ? [] : (['unauthenticated', 'token_expired', 'account_disabled'] as const)),
		...(endpoint.access === 'anyone' || endpoint.access === 'any-status' ? [] : (['second_factor_needed'] as const)),
		...(Array.isArray(endpoint.access) ? (['forbidden'] as const) : []),
		'rate_limited',
		'internal',
	]
}

/** Swagger UI over our own OpenAPI file. Its scripts are separate files because the content security policy forbids inline scripts. */
export const docsPage = {
	html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Liveslot API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<main id="api"></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`,
	script: `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#api', deepLinking: true, defaultModelsExpandDepth: 0 })\n`,
}
