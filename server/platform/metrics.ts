import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** A registry of one node's figures; a factory, so that several nodes may live in one test process. */
export const createMetrics = () => {
	const registry = new Registry()
	collectDefaultMetrics({ register: registry, prefix: 'liveslot_' })
	return {
		registry,
		counter: (name: string, help: string, labelNames: string[] = []) =>
			new Counter({ name: `liveslot_${name}`, help, labelNames, registers: [registry] }),
		gauge: (name: string, help: string, collect?: (this: Gauge) => void | Promise<void>) =>
			new Gauge({ name: `liveslot_${name}`, help, registers: [registry], ...(collect && { collect }) }),
		histogram: (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
			new Histogram({ name: `liveslot_${name}`, help, buckets, labelNames, registers: [registry] }),
		read: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
		stop: () => registry.clear(),
	}
}

export type Metrics = ReturnType<typeof createMetrics>
