import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { call } from '../support/http.ts'
import { anApp, expectProblem, type RunningApp } from './an-app.ts'

const nested = (depth: number) => `${'{"text":'.repeat(depth)}1${'}'.repeat(depth)}`

describe('the HTTP side, given a bad body', () => {
	let app: RunningApp
	before(async () => {
		app = await anApp()
	})
	after(() => app.stop())

	const post = (body: string, headers: Record<string, string> = {}) => call(app, 'POST', '/echo', { body, headers })

	it('answers invalid_input to malformed JSON, without the parser’s message', async () => {
		for (const body of ['{', '{"text":}', 'text=1', '"text"', 'null', '1', '\u0000', '{"text":"a"}}', '\ufeff{']) {
			expectProblem(await post(body), 'invalid_input', 400)
		}
	})

	it('names each wrong field', async () => {
		const answer = await post('{"text":7,"note":"longer than ten characters"}')
		expectProblem(answer, 'invalid_input', 400)
		expect(answer.body.errors.map((error: { path: string }) => error.path)).to.have.members(['text', 'note'])
	})

	it('does not accept a list or a missing body as an object', async () => {
		expectProblem(await post('[]'), 'invalid_input', 400)
		expectProblem(await call(app, 'POST', '/echo'), 'invalid_input', 400)
		expectProblem(await post('{"text":"a"}', { 'content-type': 'text/plain' }), 'invalid_input', 400)
	})

	it('answers payload_too_large to a megabyte, plain or compressed', async () => {
		expectProblem(await post(JSON.stringify({ text: 'x'.repeat(1_000_000) })), 'payload_too_large', 413)
		const bomb = gzipSync(JSON.stringify({ text: 'x'.repeat(20_000_000) }))
		const response = await fetch(`${app.url}/api/v1/echo`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
			body: bomb,
		})
		expect(response.status).to.equal(413)
		expect(await response.json()).to.deep.include({ code: 'payload_too_large' })
	})

	it('survives JSON nested ten thousand deep', async () => {
		expectProblem(await post(nested(10_000)), 'invalid_input', 400)
		expectProblem(await post('['.repeat(90_000)), 'invalid_input', 400)
		expect((await post('{"text":"still here"}')).body).to.deep.equal({ text: 'still here' })
	})

	it('refuses unknown encodings, and bodies that do not match their encoding', async () => {
		expectProblem(await post('{"text":"a"}', { 'content-encoding': 'gzip' }), 'invalid_input', 400)
		expectProblem(await post('{"text":"a"}', { 'content-encoding': 'snappy' }), 'invalid_input', 400)
		expectProblem(await post('{"text":"a"}', { 'content-type': 'application/json; charset=klingon' }), 'invalid_input', 400)
	})

	it('does not let a body change prototypes', async () => {
		const { status, body } = await post('{"text":"a","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')
		expect({ status, body }).to.deep.equal({ status: 200, body: { text: 'a' } })
		expect(({} as Record<string, unknown>).admin).to.equal(undefined)
	})

	it('refuses control characters and half characters, and accepts every other script', async () => {
		for (const text of ['a\u0000b', '\u001b[2J', 'x\ud800', '   ', ''])
			expectProblem(await post(JSON.stringify({ text })), 'invalid_input', 400)
		for (const text of [
			'Zoë Ångström',
			'李小龍',
			'محمد',
			'👩🏽‍⚕️',
			`Robert'); DROP TABLE patients;--`,
			'<script>alert(1)</script>',
			'{{7*7}}',
		]) {
			expect((await post(JSON.stringify({ text }))).body).to.deep.equal({ text })
		}
	})
})
