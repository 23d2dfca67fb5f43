import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { ExportResultCode, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
	BatchSpanProcessor,
	ParentBasedSampler,
	type Span as SdkSpan,
	type SpanExporter,
	TraceIdRatioBasedSampler,
	TracerProvider,
} from '@opentelemetry/sdk-trace'
import pTimeout from 'p-timeout'
import type { Log } from './log.ts'
import { noSpan, type Span, type Tracer, type TracerSettings } from './tracer.ts'

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER }

/** How long an export may take, so that a missing receiver does not keep a node from stopping. */
const exportTimeoutMs = 3000
const stopMs = 2000

/** Creates a tracer that exports spans. Nothing in it is global, so that several nodes may run in one test process. */
export function createOtelTracer(settings: Omit<TracerSettings, 'endpoint'> & { endpoint: string }): Tracer {
	const { endpoint, ratio, serviceName, version, nodeId, log } = settings
	const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: exportTimeoutMs })
	const provider = new TracerProvider({
		resource: resourceFromAttributes({
			'service.name': serviceName,
			'service.version': version,
			'service.instance.id': nodeId,
		}),
		sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
		spanProcessors: [new BatchSpanProcessor({ exporter: telling(exporter, log) })],
	})
	const tracer = provider.getTracer('liveslot', version)
	const active = new AsyncLocalStorage<Context | undefined>()
	const contexts = new WeakMap<Span, Context>()

	return {
		isOn: true,
		start(name, { parent, links = [], kind, beganMs } = {}) {
			const below = contextOf(parent)
			const options = {
				...(kind && { kind: kinds[kind] }),
				// Computed from the present clock, which may have been set since this process began and which also gives the span's
				// end.
				...(beganMs !== undefined && { startTime: Date.now() - (performance.now() - beganMs) }),
				links: links.flatMap(link => {
					const context = toSpanContext(link)
					return context ? [{ context }] : []
				}),
			}
			return wrap(tracer.startSpan(name, options, below) as SdkSpan, below)
		},
		child(name, { kind } = {}) {
			const below = active.getStore()
			if (!below) return noSpan
			return wrap(tracer.startSpan(name, kind ? { kind: kinds[kind] } : {}, below) as SdkSpan, below)
		},
		within: (span, work) => active.run(contexts.get(span), work),
		async stop() {
			await pTimeout(provider.shutdown(), { milliseconds: stopMs }).catch(() => {})
		},
	}

	function wrap(span: SdkSpan, below: Context): Span {
		const wrapped: Span = {
			context: toTraceparent(span.spanContext()),
			set: (name, value) => void span.setAttribute(name, value),
			fail: reason => void span.setStatus({ code: SpanStatusCode.ERROR, message: reason }),
			end: () => span.end(),
		}
		contexts.set(wrapped, trace.setSpan(below, span))
		return wrapped
	}
}

/** Logs once that the receiver is away, and once that it is back. */
function telling(exporter: SpanExporter, log: Log): SpanExporter {
	let isAway = false
	return {
		export: (spans, done) =>
			exporter.export(spans, result => {
				const failed = result.code !== ExportResultCode.SUCCESS
				if (failed !== isAway) log.warn({ reason: result.error?.message }, failed ? 'traces are not received' : 'traces are received again')
				isAway = failed
				done(result)
			}),
		shutdown: () => exporter.shutdown(),
		...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() as Promise<void> }),
	}
}

function contextOf(parent: string | undefined): Context {
	const spanContext = toSpanContext(parent)
	return spanContext ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT
}

function toSpanContext(traceparent: string | undefined): SpanContext | undefined {
	const parsed = traceparent ? parseTraceParent(traceparent) : null
	return parsed ? { ...parsed, isRemote: true } : undefined
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext) {
	return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}
