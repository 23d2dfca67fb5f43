import type { SeenRequest } from '../http/observe.ts'
import type { Metrics } from './metrics.ts'

/** Counts how requests and events end. */
export function observeTraffic(metrics: Metrics) {
	const errors = errorCounter(metrics)
	return { request: observeRequests(metrics, errors), event: observeEvents(metrics, errors) }
}

/** Counts our errors. The counts start at 0, because Prometheus sees no increase in a figure that starts with the first error. */
function errorCounter(metrics: Metrics) {
	const total = metrics.counter('errors_total', 'Requests and events that ended in an error of ours', ['over'])
	for (const over of ['http', 'socket']) total.inc({ over }, 0)
	return total
}

type Errors = ReturnType<typeof errorCounter>

function observeRequests(metrics: Metrics, errors: Errors) {
	const total = metrics.counter('http_requests_total', 'Requests by route and status', ['method', 'route', 'status'])
	const seconds = metrics.histogram(
		'http_request_seconds',
		'Time until a request was answered',
		[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
		['method', 'route'],
	)
	return ({ method, route, status, ms }: SeenRequest) => {
		// Without one of our routes, the method is the client's own text.
		const known = route === 'other' ? 'any' : method
		total.inc({ method: known, route, status })
		if (status === 500) errors.inc({ over: 'http' })
		seconds.observe({ method: known, route }, ms / 1000)
	}
}

function observeEvents(metrics: Metrics, errors: Errors) {
	const total = metrics.counter('socket_events_total', 'Events by outcome', ['event', 'outcome'])
	const seconds = metrics.histogram(
		'socket_event_seconds',
		'Time until an event was acknowledged',
		[0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
		['event'],
	)
	return (event: string, outcome: string, ms: number) => {
		total.inc({ event, outcome })
		if (outcome === 'internal') errors.inc({ over: 'socket' })
		seconds.observe({ event }, ms / 1000)
	}
}
