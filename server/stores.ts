import { randomUUID } from 'node:crypto'
import type { Config } from './config.ts'
import { createFloodLimits } from './limits.ts'
import { createDatabase } from './platform/database/database.ts'
import { createPipeline } from './platform/database/pipeline.ts'
import type { Log } from './platform/observability/log.ts'
import { createMetrics } from './platform/observability/metrics.ts'
import { createReadiness } from './platform/observability/readiness.ts'
import { createTracer, tracedStatements } from './platform/observability/tracing.ts'
import { createClock } from './platform/redis/clock.ts'
import { connectToRedis } from './platform/redis/connections.ts'
import { createAuditTrail } from './platform/security/audit.ts'
import { createLimiters } from './platform/security/rate-limit.ts'

/** A node's first step: opens PostgreSQL and Redis, and creates the metrics, limits, logs and traces that use them. */
export async function openStores({ config, log: processLog, databaseUrl, redisUrl, version }: NodeDeps) {
	const nodeId = randomUUID()
	const log = processLog.child({ node: nodeId })
	const metrics = createMetrics()
	const tracer = await createTracer({ ...config.traces, version, nodeId, log })
	const db = createDatabase({ url: databaseUrl, poolSize: config.databasePoolSize })
	const pipeline = createPipeline({ url: databaseUrl, connections: pipelineConnections, prepare: config.databasePrepare, log })
	const { redis, subscriber, adapterSubscriber, disconnect } = await connectToRedis(redisUrl, config.redisPrefix, log)
	const clock = await createClock(redis)
	const limiter = createLimiters({ redis, enabled: config.rateLimit })
	const readiness = createReadiness({ db, redis })
	const trail = createAuditTrail({ db, log })

	return {
		config,
		log,
		version,
		nodeId,
		metrics,
		tracer,
		databaseUrl,
		db,
		pipeline,
		run: tracedStatements(pipeline.run, tracer),
		redis,
		subscriber,
		adapterSubscriber,
		nowMs: clock.nowMs,
		limiter,
		limits: createFloodLimits(limiter),
		readiness,
		trail,
		/**
		 * Disconnects from a silent Redis, because each command would otherwise fail only after its whole timeout, one after the
		 * other.
		 */
		async giveUpSilentRedis(): Promise<void> {
			if (!(await readiness.isRedisUp(silentMs))) disconnect()
		},
		async stop(): Promise<void> {
			clock.stop()
			await trail.stop()
			await Promise.all([pipeline.stop(), db.destroy()])
			disconnect()
			await tracer.stop()
			metrics.stop()
		},
	}
}

export type Stores = Awaited<ReturnType<typeof openStores>>

export type NodeDeps = {
	config: Config
	log: Log
	databaseUrl: string
	redisUrl: string
	version: string
}

/** Connections of the hot paths. Statements share them, so few are enough. */
const pipelineConnections = 6
const silentMs = 1000
