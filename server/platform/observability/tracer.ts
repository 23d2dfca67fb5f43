import type { Log } from './log.ts'

/** A step on a request's way. It carries no personal detail: names, codes, counts and ids of requests only. */
export type Span = {
	/** Its trace context in the form of a `traceparent` (https://www.w3.org/TR/trace-context/), to be handed on; undefined while nothing is traced. */
	readonly context: string | undefined
	set(name: string, value: string | number | boolean): void
	/** It went wrong, and it is our fault. */
	fail(reason: string): void
	end(): void
}

export type SpanOptions = {
	/** The trace context of the step that led to this one. */
	parent?: string | undefined
	/** Trace contexts of others that it serves as well. */
	links?: readonly string[]
	kind?: 'server' | 'client' | 'producer' | 'consumer'
	/** On the scale of `performance.now()`; now, when left out. */
	beganMs?: number
}

export type Tracer = {
	/** False when nothing is traced, for those who would make something only to trace it. */
	readonly isOn: boolean
	/** Begins a span below another; without a parent, a trace of its own. */
	start(name: string, options?: SpanOptions): Span
	/** Begins a span below the active one; where none is active nothing is traced. */
	child(name: string, options?: Pick<SpanOptions, 'kind'>): Span
	/** Makes the span the active one for the work, and for what follows from it. */
	within<T>(span: Span, work: () => T): T
	stop(): Promise<void>
}

export const noSpan: Span = { context: undefined, set: () => {}, fail: () => {}, end: () => {} }

/** What runs when no endpoint is set: it makes nothing and keeps nothing. */
export const noTracer: Tracer = {
	isOn: false,
	start: () => noSpan,
	child: () => noSpan,
	within: (_span, work) => work(),
	stop: async () => {},
}

export type TracerSettings = {
	/** Base address of an OTLP/HTTP receiver, such as `http://tempo:4318`; without one nothing is traced. */
	endpoint: string | undefined
	/** How many of the traces that begin here are kept, from 0 to 1. */
	ratio: number
	serviceName: string
	version: string
	nodeId: string
	log: Log
}
