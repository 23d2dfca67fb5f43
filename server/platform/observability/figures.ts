import type { Server } from 'socket.io'
import type { Db } from '../database/database.ts'
import type { Pipeline } from '../database/pipeline.ts'
import type { SeenRequest } from '../http/observe.ts'
import type { JobDefinition, JobObserver, Jobs } from '../jobs/jobs.ts'
import type { Metrics } from './metrics.ts'
import { dependencies, type Readiness } from './readiness.ts'

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

/** Counts runs of jobs, how late they start and how long they take. */
export function observeJobs(metrics: Metrics, jobs: readonly Pick<JobDefinition, 'name'>[]): JobObserver {
	// The label is not `job`, because Prometheus uses that name for its targets and would rename ours.
	const lag = metrics.histogram(
		'job_lag_seconds',
		'How much later than planned a job started',
		[0.1, 0.5, 1, 2, 5, 10, 30, 60, 300],
		['name'],
	)
	const seconds = metrics.histogram('job_seconds', 'Time that a job took', [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800], ['name'])
	const total = metrics.counter('jobs_total', 'Runs of jobs by what came of them', ['name', 'outcome'])
	for (const { name } of jobs) for (const outcome of ['ok', 'failed']) total.inc({ name, outcome }, 0)
	return {
		started(name, lagMs) {
			if (lagMs !== undefined) lag.observe({ name }, lagMs / 1000)
		},
		ended(name, ms, failed) {
			total.inc({ name, outcome: failed ? 'failed' : 'ok' })
			seconds.observe({ name }, ms / 1000)
		},
	}
}

type Pool = { numUsed(): number; numFree(): number; numPendingAcquires(): number }

export type GaugeSources = {
	version: string
	db: Db
	pipeline: Pipeline
	readiness: Readiness
	io: Pick<Server, 'of'>
	jobs: Jobs
}

/** Registers figures of the parts that every node has, read at each scrape. */
export function registerGauges(metrics: Metrics, { version, db, pipeline, readiness, io, jobs }: GaugeSources): void {
	const pool = (db.client as { pool: Pool }).pool
	metrics.gauge('build_info', 'Always 1, with the version that runs', ['version']).set({ version }, 1)
	metrics.sampled(
		'dependency_up',
		'Whether a store answers: 1 or 0',
		async () => {
			const down = await readiness.whatIsDown()
			return Object.fromEntries(dependencies.map(name => [name, down.includes(name) ? 0 : 1]))
		},
		'dependency',
	)
	metrics.sampled('sockets', 'Sockets connected to this node', () => io.of('/').sockets.size)
	metrics.sampled(
		'database_pool_connections',
		'Connections of the pool for what is not a hot path',
		() => ({ used: pool.numUsed(), idle: pool.numFree() }),
		'state',
	)
	metrics.sampled('database_pool_waiting', 'Callers who wait for a connection of the pool', () => pool.numPendingAcquires())
	metrics.sampled('pipeline_connections', 'Connections of the hot paths to PostgreSQL', () => pipeline.load().connections)
	metrics.sampled(
		'pipeline_statements_in_flight',
		'Statements of the hot paths that wait for their answers',
		() => pipeline.load().inFlight,
	)
	metrics.sampled(
		'job_overdue_seconds',
		'How long ago a job should have started that has not; known to every node, also one that runs no jobs',
		() => overdueSeconds(jobs),
		'name',
	)
}

async function overdueSeconds(jobs: Jobs): Promise<Record<string, number>> {
	const nowMs = Date.now()
	const listed = await jobs.list()
	return Object.fromEntries(
		listed.map(({ name, nextRunAt, running }) => [name, running || !nextRunAt ? 0 : Math.max(0, nowMs - nextRunAt.getTime()) / 1000]),
	)
}
