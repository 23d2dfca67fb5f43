import type { Log } from './log.ts'

/** A step on a request's way. It contains no personal details: only names, codes, counts and ids of requests. */
export type Span = {
	/** The trace context as a `traceparent` (https://www.w3.org/TR/trace-context/), for passing on; undefined while nothing is traced. */
	readonly context: string | undefined
	set(name: string, value: string | number | boolean): void
	/** Marks the step as failed by our fault. */
	fail(reason: string): void
	end(): void
}

export type SpanOptions = {
	/** The trace context of the step that led to this one. */
	parent?: string | undefined
	/** The trace contexts of other requests that this step serves as well. */
	links?: readonly string[]
	kind?: 'server' | 'client' | 'producer' | 'consumer'
	/** When the step began, on the scale of `performance.now()`. By default, now. */
	beganMs?: number
}

export type Tracer = {
	/** False when nothing is traced, so that callers can skip work which only traces need. */
	readonly isOn: boolean
	/** Begins a span below its parent, or a new trace without a parent. */
	start(name: string, options?: SpanOptions): Span
	/** Begins a span below the active one. Without an active span nothing is traced. */
	child(name: string, options?: Pick<SpanOptions, 'kind'>): Span
	/** Makes the span active for the work and everything that follows from it. */
	within<T>(span: Span, work: () => T): T
	stop(): Promise<void>
}

export const noSpan: Span = { context: undefined, set: () => {}, fail: () => {}, end: () => {} }

/** The tracer without an endpoint: it creates and keeps nothing. */
export const noTracer: Tracer = {
	isOn: false,
	start: () => noSpan,
	child: () => noSpan,
	within: (_span, work) => work(),
	stop: async () => {},
}

export type TracerSettings = {
	/** The base address of an OTLP/HTTP receiver, such as `http://tempo:4318`. Without one nothing is traced. */
	endpoint: string | undefined
	/** The share of traces that begin here and are kept, from 0 to 1. */
	ratio: number
	serviceName: string
	version: string
	nodeId: string
	log: Log
}
