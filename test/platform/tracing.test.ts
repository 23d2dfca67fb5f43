import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { createLog } from '../../server/platform/observability/log.ts'
import { noTracer, type Tracer, type TracerSettings } from '../../server/platform/observability/tracer.ts'
import { createTracer } from '../../server/platform/observability/tracing.ts'
import { useTraceReceiver } from '../observability/a-receiver.ts'
import { startProcessNode } from '../support/processes.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

describe('traces', () => {
	const receiver = useTraceReceiver()
	const lines: { msg: string }[] = []
	const log = createLog('info', { write: line => void lines.push(JSON.parse(line)) })

	const aTracer = (overrides: Partial<TracerSettings> = {}) =>
		createTracer({ endpoint: receiver.url, ratio: 1, serviceName: 'clinic', version: '1.2.3', nodeId: 'node-1', log, ...overrides })

	it('go to the receiver, below its base address, with each step under its parent', async () => {
		for (const endpoint of [receiver.url, `${receiver.url}/`]) {
			const tracer = await aTracer({ endpoint })
			const outer = tracer.start('outer', { kind: 'server', beganMs: performance.now() - 250 })
			await tracer.within(outer, async () => {
				await Promise.resolve()
				const inner = tracer.child('inner')
				inner.set('liveslot.count', 3)
				inner.fail('23505')
				inner.end()
			})
			outer.end()
			await tracer.stop()
		}
		expect(receiver.paths).to.deep.equal(['/v1/traces', '/v1/traces'])
		const [inner, outer] = receiver.spans
		expect(inner).to.deep.include({ name: 'inner', parentSpanId: outer?.spanId, traceId: outer?.traceId, failed: true })
		expect(inner?.attributes).to.deep.equal({ 'liveslot.count': 3 })
		expect(outer).to.deep.include({ name: 'outer', parentSpanId: undefined, failed: false, node: 'node-1' })
		expect(outer?.ms, 'it began before it was told').to.be.within(249, 5000)
		expect(receiver.bodies[0]).to.include('"clinic"').and.to.include('"1.2.3"')
	})

	it('continue a context from another process, and start new ones for a malformed context', async () => {
		const [here, there] = [await aTracer({ nodeId: 'here' }), await aTracer({ nodeId: 'there' })]
		const asked = here.start('asked')
		there.start('done', { parent: asked.context }).end()
		for (const parent of ['', 'x', '00-short-1-01', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`]) there.start('lost', { parent }).end()
		asked.end()
		await Promise.all([here.stop(), there.stop()])
		const seen = (name: string) => receiver.spans.filter(span => span.name === name)
		expect(seen('done')[0]).to.deep.include({ parentSpanId: seen('asked')[0]?.spanId, node: 'there' })
		expect(seen('lost').map(({ parentSpanId }) => parentSpanId)).to.deep.equal([undefined, undefined, undefined, undefined])
	})

	it('are kept in the configured share, whole or not at all', async () => {
		const tracer = await aTracer({ ratio: 0.3 })
		for (let i = 0; i < 200; i++) {
			const outer = tracer.start('sampled')
			await tracer.within(outer, async () => tracer.child('its step').end())
			outer.end()
		}
		await tracer.stop()
		const [kept, steps] = ['sampled', 'its step'].map(name => receiver.spans.filter(span => span.name === name))
		expect(kept).to.have.length.within(20, 110)
		expect(steps?.map(({ traceId }) => traceId)).to.have.members(kept?.map(({ traceId }) => traceId) ?? [])
	})

	/** Enough spans to be sent at once. */
	const aBatch = (tracer: Tracer) => {
		for (let i = 0; i < 600; i++) tracer.start('one of many').end()
	}

	it('are dropped with one log line when they are refused, and with another when they are accepted again', async () => {
		const tracer = await aTracer()
		receiver.refusal.status = 400
		aBatch(tracer)
		await waitFor(() => lines.length > 0, 'the line')
		aBatch(tracer)
		receiver.refusal.status = undefined
		aBatch(tracer)
		await tracer.stop()
		expect(lines.map(({ msg }) => msg)).to.deep.equal(['traces are not received', 'traces are received again'])
	})

	it('do not keep a process from stopping when the receiver is away', async () => {
		const tracer = await aTracer({ endpoint: 'http://127.0.0.1:1' })
		aBatch(tracer)
		const began = performance.now()
		await tracer.stop()
		expect(performance.now() - began).to.be.below(4000)
	})

	it('cost nothing without a receiver: no span is made, and no part of OpenTelemetry is loaded', async function () {
		this.timeout(30_000)
		expect(await aTracer({ endpoint: undefined })).to.equal(noTracer)
		expect(noTracer.start('a')).to.equal(noTracer.child('b'))
		// V8 lists the files that a process has loaded.
		const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-loaded-'))
		const stores = await freshStores()
		const node = await startProcessNode(stores, { NODE_V8_COVERAGE: directory })
		await node.stop()
		await stores.drop()
		const loaded = readdirSync(directory).flatMap(file =>
			(JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as { result: { url: string }[] }).result.map(({ url }) => url),
		)
		rmSync(directory, { recursive: true, force: true })
		expect(
			loaded.filter(url => url.includes('/node_modules/prom-client/')),
			'what is loaded',
		).not.to.deep.equal([])
		expect(loaded.filter(url => /observability\/tracer\.js$/.test(url))).to.have.length(1)
		// prom-client loads the few definitions of the API package. Everything that works is elsewhere.
		expect(loaded.filter(url => /@opentelemetry\/(?!api\/)|\/otel\.js$/.test(url))).to.deep.equal([])
	})
})
