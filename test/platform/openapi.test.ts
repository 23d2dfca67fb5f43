import { expect } from 'chai'
import { z } from 'zod'
import { endpoint, endpoints, Id } from '../../contract/index.ts'
import { openApiDocument } from '../../server/platform/http/openapi.ts'
import { anApp, type RunningApp } from './an-app.ts'

type Json = Record<string, any>

const everyObject = function* (value: unknown): Generator<Json> {
	if (typeof value !== 'object' || value === null) return
	if (!Array.isArray(value)) yield value as Json
	for (const each of Object.values(value)) yield* everyObject(each)
}

const at = (document: Json, pointer: string) =>
	pointer
		.slice(2)
		.split('/')
		.reduce<any>((value, key) => value?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document)

describe('the OpenAPI description', () => {
	const document = openApiDocument(endpoints, '1.2.3') as Json
	const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
		Object.entries<Json>(item).map(([method, operation]) => ({ path, method, operation })),
	)

	it('has version 3.1 and names the API', () => {
		expect(document.openapi).to.match(/^3\.1\.\d+$/)
		expect(document.info).to.deep.include({ title: 'Liveslot', version: '1.2.3' })
		expect(document.servers).to.deep.equal([{ url: '/api/v1' }])
		expect(JSON.parse(JSON.stringify(document))).to.deep.equal(document)
	})

	it('contains every call once', () => {
		expect(operations.map(({ operation }) => operation.operationId)).to.have.members(Object.keys(endpoints))
		for (const { method, path } of Object.values(endpoints)) {
			expect(document.paths[path.replace(/:(\w+)/g, '{$1}')], path).to.have.property(method)
		}
	})

	it('refers only to components that exist', () => {
		const refs = [...everyObject(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []))
		expect(refs).not.to.be.empty
		for (const ref of refs) {
			expect(ref).to.match(/^#\/components\/schemas\/[A-Za-z]+$/)
			expect(at(document, ref), ref).to.be.an('object')
		}
		for (const object of everyObject(document)) expect(object).not.to.have.property('$defs')
	})

	it('declares exactly the parameters of its paths', () => {
		for (const { path, operation } of operations) {
			const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
			const declared = operation.parameters.filter((parameter: Json) => parameter.in === 'path')
			expect(
				declared.map((parameter: Json) => parameter.name),
				path,
			).to.have.members(named)
			for (const parameter of operation.parameters) {
				expect(parameter).to.include.keys('name', 'in', 'required', 'schema')
				expect(parameter.in).to.be.oneOf(['path', 'query', 'header'])
				if (parameter.in === 'path') expect(parameter.required).to.equal(true)
			}
			const keys = operation.parameters.map((parameter: Json) => `${parameter.in} ${parameter.name}`)
			expect(new Set(keys).size).to.equal(keys.length)
		}
	})

	it('describes an answer for success and for every refusal', () => {
		for (const { path, method, operation } of operations) {
			const statuses = Object.keys(operation.responses)
			const mayCreate = path === '/auth/code/verify'
			expect(statuses.filter(status => /^[23]/.test(status))).to.have.lengthOf(mayCreate ? 2 : 1)
			expect(statuses, `${method} ${path}`).to.include.members(['400', '429', '500'])
			for (const response of Object.values<Json>(operation.responses)) expect(response.description).to.be.a('string')
		}
		expect(document.paths['/appointments'].post.responses['409'].description).to.match(/slot_booked.*patient_overlap/s)
	})

	it('declares a body only for calls that have one, and requires it only where a field is required', () => {
		expect(document.paths['/auth/logout'].post).not.to.have.property('requestBody')
		expect(document.paths['/appointments/{id}/cancel'].post.requestBody.required).to.equal(false)
		expect(document.paths['/patients'].post.requestBody.required).to.equal(true)
		for (const { method, operation } of operations) if (method === 'get') expect(operation).not.to.have.property('requestBody')
	})

	it('says which calls need a token', () => {
		expect(document.paths['/auth/login'].post.security).to.deep.equal([{}])
		expect(document.paths['/patients'].get).not.to.have.property('security')
		expect(document.security).to.deep.equal([{ bearer: [] }])
		expect(document.components.securitySchemes.bearer).to.deep.include({ type: 'http', scheme: 'bearer' })
	})

	it('resolves named schemas inside named schemas', () => {
		const Leaf = z.object({ id: Id }).meta({ id: 'Leaf' })
		const Tree = z.object({ leaves: z.array(Leaf) }).meta({ id: 'Tree' })
		const getTree = endpoint({ method: 'get', path: '/tree', tag: 'Test', summary: 'A tree.', access: 'anyone', response: Tree })
		const { components } = openApiDocument({ getTree }, '1') as Json
		expect(components.schemas.Tree.properties.leaves.items).to.deep.equal({ $ref: '#/components/schemas/Leaf' })
		expect(components.schemas.Leaf.properties.id).to.deep.equal({ $ref: '#/components/schemas/Id' })
	})

	describe('the OpenAPI description in a browser', () => {
		let app: RunningApp
		before(async () => {
			app = await anApp()
		})
		after(() => app.stop())

		it('is served as a file', async () => {
			const response = await fetch(`${app.url}/api/v1/openapi.json`)
			expect(response.headers.get('content-type')).to.match(/^application\/json/)
			expect(((await response.json()) as Json).paths).to.have.property('/things/{id}')
		})

		it('is shown on a page with all its assets', async () => {
			const response = await fetch(`${app.url}/docs`)
			const html = await response.text()
			expect(response.headers.get('content-type')).to.match(/^text\/html/)
			const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address as string)
			expect(assets).to.have.lengthOf(4)
			for (const asset of assets) {
				const response = await fetch(new URL(asset, app.url))
				expect(response.status, asset).to.equal(200)
				if (asset.endsWith('.js')) expect(response.headers.get('content-type')).to.match(/javascript/)
				expect((await response.arrayBuffer()).byteLength, asset).to.be.above(0)
			}
			expect(html).not.to.match(/<script>|onload=/)
		})
	})
})
