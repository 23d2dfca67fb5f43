import { noTracer, type Tracer, type TracerSettings } from './tracer.ts'

/** Creates a tracer. Loads OpenTelemetry, which has megabytes, only when there is a receiver. */
export async function createTracer({ endpoint, ...settings }: TracerSettings): Promise<Tracer> {
	if (!endpoint) return noTracer
	const { createOtelTracer } = await import('./otel.ts')
	return createOtelTracer({ ...settings, endpoint })
}
