import type { Server } from 'socket.io'
import type { Db } from '../database/database.ts'
import type { Pipeline } from '../database/pipeline.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Metrics } from './metrics.ts'
import { dependencies, type Readiness } from './readiness.ts'

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
