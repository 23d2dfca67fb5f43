import type { Server } from 'socket.io'
import type { Db } from '../database/database.ts'
import type { Pipeline } from '../database/pipeline.ts'
import type { SeenRequest } from '../http/observe.ts'
import type { JobDefinition, JobObserver, Jobs } from '../jobs/jobs.ts'
import type { Metrics } from './metrics.ts'
import { dependencies, type Readiness } from './readiness.ts'

type Pool = { numUsed(): number; numFree(): number; numPendingAcquires(): number }

export type GaugeSources = {
	version: string
	db: Db
	pipeline: Pipeline
	readiness: Readiness
	io: Pick<Server, 'of'>
	jobs: () => Jobs
}

const overdueSeconds = async (jobs: Jobs): Promise<Record<string, number>> => {
	const nowMs = Date.now()
	const listed = await jobs.list()
	return Object.fromEntries(
		listed.map(({ name, nextRunAt, running }) => [name, running || !nextRunAt ? 0 : Math.max(0, nowMs - nextRunAt.getTime()) / 1000]),
	)
}

/** What is looked at whenever somebody asks, of the parts that every node has. */
export const registerGauges = (metrics: Metrics, { version, db, pipeline, readiness, io, jobs }: GaugeSources) => {
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
		'Connections of the pool for whatever is not a hot path',
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
		() => overdueSeconds(jobs()),
		'name',
	)
}

/** Errors of ours, known from the start as none: of a figure that begins with the first error no rise is seen. */
const errorCounter = (metrics: Metrics) => {
	const total = metrics.counter('errors_total', 'Requests and events that ended in an error of ours', ['over'])
	for (const over of ['http', 'socket']) total.inc({ over }, 0)
	return total
}

/** Counts how requests and events end. */
export const observeTraffic = (metrics: Metrics) => {
	const errors = errorCounter(metrics)
	return { request: observeRequests(metrics, errors), event: observeEvents(metrics, errors) }
}

type Errors = ReturnType<typeof errorCounter>

const observeRequests = (metrics: Metrics, errors: Errors) => {
	const total = metrics.counter('http_requests_total', 'Requests by route and status', ['method', 'route', 'status'])
	const seconds = metrics.histogram(
		'http_request_seconds',
		'Time until a request was answered',
		[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
		['method', 'route'],
	)
	return ({ method, route, status, ms }: SeenRequest) => {
		// Methods are the client's own words where no route of ours restricts them.
		const known = route === 'other' ? 'any' : method
		total.inc({ method: known, route, status })
		if (status === 500) errors.inc({ over: 'http' })
		seconds.observe({ method: known, route }, ms / 1000)
	}
}

const observeEvents = (metrics: Metrics, errors: Errors) => {
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

export const observeJobs = (metrics: Metrics, jobs: readonly Pick<JobDefinition, 'name'>[]): JobObserver => {
	// Not `job`: Prometheus names its targets by that label, and would rename ours.
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
