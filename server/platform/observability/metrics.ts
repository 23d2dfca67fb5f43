import pTimeout from 'p-timeout'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Creates the registry of one node's figures. A factory, so that several nodes may run in one test process. */
export function createMetrics() {
	const registry = new Registry()
	collectDefaultMetrics({ register: registry, prefix: 'liveslot_' })

	return {
		registry,
		counter: (name: string, help: string, labelNames: string[] = []) => new Counter(common(name, help, labelNames)),
		gauge: (name: string, help: string, labelNames: string[] = []) => new Gauge(common(name, help, labelNames)),
		histogram: (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
			new Histogram({ ...common(name, help, labelNames), buckets }),
		/**
		 * A gauge that is read at each scrape and costs nothing otherwise. A reading that fails is left out, because the other
		 * figures are needed most while Redis or PostgreSQL is away.
		 */
		sampled: (name: string, help: string, read: () => Reading | Promise<Reading>, label?: string) =>
			new Gauge({
				...common(name, help, label ? [label] : []),
				async collect() {
					const reading = await pTimeout(Promise.resolve().then(read), { milliseconds: readingMs }).catch(() => ({}))
					this.reset()
					if (typeof reading === 'number') this.set(reading)
					else if (label) for (const [value, figure] of Object.entries(reading)) this.set({ [label]: value }, figure)
					else this.remove()
				},
			}),
		read: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
		stop: () => registry.clear(),
	}

	function common<L extends string = string>(name: string, help: string, labelNames: L[] = []) {
		return {
			name: `liveslot_${name}`,
			help,
			labelNames,
			registers: [registry],
		}
	}
}

export type Metrics = ReturnType<typeof createMetrics>

/** One value, or one for each value of a label. */
export type Reading = number | Readonly<Record<string, number>>

/** How long a scrape waits for a reading. Prometheus itself gives up after ten seconds. */
const readingMs = 3000
