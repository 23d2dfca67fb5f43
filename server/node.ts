import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { endpoints } from '../contract/index.ts'
import { createAnalytics } from './analytics/analytics.ts'
import { createBooking } from './booking/booking.ts'
import { createAppointmentTypes } from './clinic/appointment-types.ts'
import { createDoctors } from './clinic/doctors.ts'
import type { Config } from './config.ts'
import { createIdentity } from './identity/identity.ts'
import { renewHandlers } from './identity/renew.ts'
import { startJobs } from './jobs.ts'
import { createFloodLimits } from './limits.ts'
import { createPatients } from './patients/patients.ts'
import { createClock } from './platform/clock.ts'
import { createDatabase } from './platform/database/database.ts'
import { createPipeline } from './platform/database/pipeline.ts'
import { createApp } from './platform/http/app.ts'
import { clientFiles } from './platform/http/client-files.ts'
import { createEnding } from './platform/http/ending.ts'
import { jobRoutes } from './platform/jobs/routes.ts'
import { createSockets, userRoom } from './platform/live/server.ts'
import { createLocks } from './platform/mailbox/lease.ts'
import { observeTraffic, registerGauges } from './platform/observability/gauges.ts'
import type { Log } from './platform/observability/log.ts'
import { createMetrics } from './platform/observability/metrics.ts'
import { createReadiness } from './platform/observability/readiness.ts'
import { tracedStatements } from './platform/observability/traced-statements.ts'
import { createTracer } from './platform/observability/tracer.ts'
import { connectToRedis } from './platform/redis/connections.ts'
import { createAuditTrail } from './platform/security/audit.ts'
import { createOwnPages } from './platform/security/own-pages.ts'
import { createLimiters } from './platform/security/rate-limit.ts'
import { createPrivacy } from './privacy/privacy.ts'
import { createReminders } from './reminders/reminders.ts'
import { createSchedules } from './schedule/schedule.ts'
import { createAnnouncements } from './slots/announcements.ts'
import { createSlots } from './slots/slots.ts'

export type NodeDeps = {
	config: Config
	log: Log
	databaseUrl: string
	redisUrl: string
	version: string
}

export type RunningNode = {
	/** Where it answers, such as `http://localhost:3000`. */
	url: string
	stop(): Promise<void>
}

/** A killed lock holder is followed by another after this time; a batch takes a small part of it. */
const leaseMs = 4000
/** Connections for the hot paths. Statements share them, so few are enough. */
const pipelineConnections = 6

/** Free times on the page behind a link. */
const offeredTimes = 8

/** How long a stopping node gives requests that it has taken on. */
const finishMs = 6000
/** And how long the rest, which only reads. */
const readMs = 2000

/** Puts one node together: HTTP, sockets, queue workers, jobs. Stopping it finishes running work first. */
export const startNode = async ({ config, log: processLog, databaseUrl, redisUrl, version }: NodeDeps): Promise<RunningNode> => {
	const nodeId = randomUUID()
	const log = processLog.child({ node: nodeId })
	const metrics = createMetrics()
	const observe = observeTraffic(metrics)
	const tracer = await createTracer({ ...config.traces, version, nodeId, log })
	const db = createDatabase({ url: databaseUrl, poolSize: config.databasePoolSize })
	const pipeline = createPipeline({ url: databaseUrl, connections: pipelineConnections, prepare: config.databasePrepare, log })
	const run = tracedStatements(pipeline.run, tracer)
	const { redis, subscriber, adapterSubscriber, ...connections } = await connectToRedis(redisUrl, log)
	const clock = await createClock(redis)
	const limiter = createLimiters({ redis, enabled: config.rateLimit })
	const readiness = createReadiness({ db, redis })

	// Before Socket.IO attaches: it takes what is its own and leaves the rest to the listeners that it found.
	let app: Express | undefined
	const { slowClientMs } = config
	const timeouts = {
		headersTimeout: slowClientMs,
		requestTimeout: 2 * slowClientMs,
		connectionsCheckingInterval: slowClientMs / 4,
		keepAliveTimeout: 65_000,
	}
	const http = createServer(timeouts, (req, res) => app?.(req, res))
	// For answers that nobody reads. Sockets that were upgraded have their own heartbeat.
	http.timeout = 4 * slowClientMs
	const trail = createAuditTrail({ db, log })
	const limits = createFloodLimits(limiter)
	const sockets = createSockets({
		http,
		publisher: redis,
		subscriber: adapterSubscriber,
		log,
		corsOrigins: config.corsOrigins,
		isOwnPage: createOwnPages(config),
		trustedProxies: config.trustedProxies,
		limits: config.rateLimit ? limits.sockets : undefined,
		connectTimeoutMs: slowClientMs,
		noteAccess: trail.note,
		authenticate: token => identity.authenticateToken(token),
		observe: observe.event,
		tracer,
	})
	const { io } = sockets
	const ending = createEnding(http)

	let isBookingAwaited = () => false
	const dispatches = config.role !== 'web'
	const reminders = await createReminders({
		db,
		run,
		redis,
		subscriber,
		config,
		log,
		metrics,
		limiter,
		publicUrl: () => config.publicUrl ?? `http://localhost:${(http.address() as AddressInfo | null)?.port ?? config.port}`,
		nowMs: clock.nowMs,
		dispatches,
		giveWay: () => isBookingAwaited(),
	})
	const types = createAppointmentTypes(run)
	const doctors = createDoctors(run)
	const slots = createSlots({
		io,
		redis,
		subscriber,
		run,
		log,
		metrics,
		nodeId,
		types,
		doctors,
		holdMs: config.holdMs,
		holdMsStaff: config.holdMsStaff,
		limit: limits.hold,
		isElsewhere: async userId => (await io.in(userRoom(userId)).fetchSockets()).length > 0,
		nowMs: clock.nowMs,
	})
	const booking = await createBooking({
		io,
		db,
		run,
		redis,
		subscriber,
		locks: createLocks({ redis, leaseMs }),
		log,
		metrics,
		tracer,
		nodeId,
		types,
		holds: slots.holds,
		policy: { cancelCutoffMs: config.cancelCutoffMs },
		notices: reminders.notices,
		nudge: reminders.nudge,
		nowMs: clock.nowMs,
	})
	isBookingAwaited = booking.isAwaited
	const announcements = createAnnouncements({ db, run, log, announce: booking.announce })
	const identity = createIdentity({
		db,
		config,
		log,
		limiter,
		run,
		cutOff: sockets.cutOff,
		announcements,
		nowMs: clock.nowMs,
		sendPasswordReset: reminders.sendPasswordReset,
	})
	const schedules = createSchedules({ db, config, log, announcements })
	const patients = createPatients({ db, announcements })
	const privacy = createPrivacy({
		db,
		log,
		limiter,
		confirmPassword: identity.confirmPassword,
		cancel: booking.operations.cancel,
		announcements,
		cutOff: sockets.cutOff,
	})
	const analytics = createAnalytics({ db })

	sockets.serve(
		{
			...slots.handlers,
			...booking.handlers,
			...renewHandlers({ identity, setActor: sockets.setActor, renewed: slots.connected }),
		},
		{ connected: slots.connected, disconnected: slots.disconnected },
	)

	app = createApp({
		config,
		log,
		version,
		endpoints,
		routes: [
			...identity.routes,
			...schedules.routes,
			...slots.routes,
			...booking.routes,
			...patients.routes,
			...privacy.routes,
			...analytics.routes,
			...reminders.routes,
			...jobRoutes({ db, jobs: () => jobs }),
		],
		authenticate: identity.authenticate,
		limit: limits.request,
		noteAccess: trail.note,
		whatIsDown: readiness.whatIsDown,
		metrics: metrics.read,
		observe: observe.request,
		tracer,
		pages: [
			...reminders.pages({
				operations: booking.operations,
				freeTimes: async doctorId => (await slots.nextFree([doctorId], offeredTimes)).flatMap(each => each.slots),
			}),
			clientFiles(),
		],
	})

	const jobs = await startJobs({ db, config, databaseUrl, log, metrics, nodeId, runs: dispatches, schedules, reminders, privacy })
	registerGauges(metrics, { version, db, pipeline, readiness, io, jobs: () => jobs })

	const stop = async () => {
		readiness.drain()
		// No new work: no connections, no events. What was taken on is finished and answered.
		const closed = new Promise<void>(resolve => http.close(() => resolve()))
		sockets.drain()
		await jobs.stop()
		await announcements.stop()
		await booking.finish(finishMs)
		await Promise.all([sockets.close(), ending.cut(readMs), closed])
		await booking.stop()
		await identity.stop()
		await reminders.stop()
		await slots.stop()
		clock.stop()
		await trail.stop()
		await Promise.all([pipeline.stop(), db.destroy()])
		connections.disconnect()
		await tracer.stop()
		metrics.stop()
	}

	try {
		await new Promise<void>((resolve, reject) => {
			http.once('error', reject)
			http.listen(config.port, resolve)
		})
	} catch (error) {
		await stop()
		throw error
	}
	const { port } = http.address() as AddressInfo
	return { url: `http://localhost:${port}`, stop }
}
