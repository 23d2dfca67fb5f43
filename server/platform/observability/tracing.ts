import { noTracer, type Tracer, type TracerSettings } from './tracer.ts'

/** OpenTelemetry is loaded only when there is somewhere to send traces to: it is megabytes. */
export async function createTracer({ endpoint, ...settings }: TracerSettings): Promise<Tracer> {
	if (!endpoint) return noTracer
	const { createOtelTracer } = await import('./otel.ts')
	return createOtelTracer({ ...settings, endpoint })
}
