import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { endpoints } from '../contract/index.ts'
import { createAnalytics } from './analytics/analytics.ts'
import { createBooking } from './booking/booking.ts'
import { createCalendar } from './calendar/calendar.ts'
import { nextFree } from './calendar/next-free.ts'
import { createAppointmentTypes } from './calendar/types.ts'
import type { Config } from './config.ts'
import { createHoldsApi } from './holds/api.ts'
import { createHolds } from './holds/holds.ts'
import { createIdentity } from './identity/identity.ts'
import { createFloodLimits } from './limits.ts'
import { createPatients } from './patients/patients.ts'
import { signedIn } from './platform/access.ts'
import { createAuditTrail } from './platform/audit.ts'
import { createClock } from './platform/clock.ts'
import { createDatabase, inTurn } from './platform/database.ts'
import { createApp } from './platform/http/app.ts'
import { clientFiles } from './platform/http/client-files.ts'
import { jobRoutes } from './platform/job-routes.ts'
import { createJobs, type Jobs } from './platform/jobs.ts'
import { createLocks } from './platform/lock.ts'
import type { Log } from './platform/log.ts'
import { createMetrics } from './platform/metrics.ts'
import { createOwnPages } from './platform/own-pages.ts'
import { createPipeline } from './platform/pipeline.ts'
import { createLimiters } from './platform/rate-limit.ts'
import { createReadiness } from './platform/readiness.ts'
import { createRedis, createSubscriber, untilConnected } from './platform/redis.ts'
import { Refusal } from './platform/refusal.ts'
import { createSockets, userRoom } from './platform/sockets/server.ts'
import { cleanUp } from './reminders/clean-up.ts'
import { createReminders } from './reminders/reminders.ts'
import { createSchedules } from './schedule/schedule.ts'

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

/** Other nodes join a dispatch that takes longer. */
const dispatchMs = 45_000
/** How long the desk can look up what patients were told. */
const ledgerDays = 180
/** Free times on the page behind a link. */
const offeredTimes = 8

/** Waits for work, but not for ever; it goes on without being waited for. */
const atMost = async (work: Promise<void>, timeoutMs: number): Promise<void> => {
	let timer: NodeJS.Timeout | undefined
	await Promise.race([
		work,
		new Promise<void>(resolve => {
			timer = setTimeout(resolve, timeoutMs)
		}),
	])
	clearTimeout(timer)
}

/** How long a stopping node gives requests that it has taken on. */
const finishMs = 6000

/** Puts one node together: HTTP, sockets, queue workers, jobs. Stopping it finishes running work first. */
export const startNode = async ({ config, log, databaseUrl, redisUrl, version }: NodeDeps): Promise<RunningNode> => {
	const nodeId = randomUUID()
	const metrics = createMetrics()
	const db = createDatabase({ url: databaseUrl, poolSize: config.databasePoolSize })
	const pipeline = createPipeline({ url: databaseUrl, connections: pipelineConnections, prepare: config.databasePrepare, log })
	const { run } = pipeline
	const redis = createRedis({ url: redisUrl, name: 'liveslot' })
	const subscriber = createSubscriber({ url: redisUrl, name: 'liveslot feeds' }, redis)
	const adapterSubscriber = createSubscriber({ url: redisUrl, name: 'liveslot adapter' }, redis)
	const onRedisError = (error: Error) => log.debug({ reason: error.message }, 'redis')
	redis.on('error', onRedisError)
	for (const each of [subscriber, adapterSubscriber]) each.on('error', onRedisError)
	await untilConnected(redis)
	const clock = await createClock(redis)
	const limiter = createLimiters({ redis, enabled: config.rateLimit })
	const readiness = createReadiness({ db, redis })
	const eventsSeen = metrics.counter('socket_events_total', 'Events by outcome', ['event', 'outcome'])
	const framesSent = metrics.counter('calendar_frames_total', 'Frames of calendar changes')
	const changesSent = metrics.counter('calendar_changes_total', 'Changes in those frames')

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
		observe: (event, outcome) => eventsSeen.inc({ event, outcome }),
	})
	const { io } = sockets

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
	const identity = createIdentity({
		db,
		config,
		log,
		limiter,
		run,
		cutOff: sockets.cutOff,
		sendPasswordReset: reminders.sendPasswordReset,
	})
	const types = createAppointmentTypes(run)
	const holds = createHolds({
		redis,
		run,
		types,
		knownVersion: doctorId => calendar.knownVersion(doctorId),
		holdMs: config.holdMs,
		holdMsStaff: config.holdMsStaff,
		nowMs: clock.nowMs,
	})
	const calendar = createCalendar({
		io,
		redis,
		subscriber,
		run,
		log,
		nodeId,
		readHolds: holds.read,
		nowMs: clock.nowMs,
		observeFrame: (_watchers, changes) => {
			framesSent.inc()
			changesSent.inc(changes)
		},
	})
	const holdsApi = createHoldsApi({
		holds,
		log,
		limit: limits.hold,
		isElsewhere: async userId => (await io.in(userRoom(userId)).fetchSockets()).length > 0,
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
		nodeId,
		types,
		holds,
		policy: { cancelCutoffMs: config.cancelCutoffMs },
		notices: reminders.notices,
		nudge: reminders.nudge,
		nowMs: clock.nowMs,
	})
	isBookingAwaited = booking.isAwaited
	const schedules = createSchedules({
		db,
		config,
		log,
		announceSlots: (doctorId, startsAt) => booking.announce(doctorId, startsAt),
		announceSchedule: doctorId => booking.announce(doctorId),
	})
	const patients = createPatients({ db })
	const analytics = createAnalytics({ db })

	sockets.serve(
		{
			...calendar.handlers,
			...holdsApi.handlers,
			...booking.handlers,
			'session:renew': async ({ token }, { socket, actor }) => {
				const renewed = signedIn(await identity.authenticateToken(token))
				if (actor && actor.userId !== renewed.userId) throw new Refusal('forbidden')
				sockets.setActor(socket, renewed)
				holdsApi.connected(socket)
				return { expiresIn: Math.floor((renewed.tokenExpiresAtMs - Date.now()) / 1000) }
			},
		},
		{
			connected: socket => holdsApi.connected(socket),
			disconnected: socket => {
				holdsApi.disconnected(socket)
				calendar.disconnected(socket)
			},
		},
	)

	app = createApp({
		config,
		log,
		version,
		endpoints,
		routes: [
			...identity.routes,
			...schedules.routes,
			...calendar.routes,
			...holdsApi.routes,
			...booking.routes,
			...patients.routes,
			...analytics.routes,
			...reminders.routes,
			...jobRoutes({ db, jobs: () => jobs }),
		],
		authenticate: identity.authenticate,
		limit: limits.request,
		noteAccess: trail.note,
		whatIsDown: readiness.whatIsDown,
		metrics: metrics.read,
		pages: [
			...reminders.pages({
				operations: booking.operations,
				freeTimes: async doctorId =>
					(await nextFree({ run, readHolds: holds.read, nowMs: clock.nowMs }, [doctorId], offeredTimes)).flatMap(each => each.slots),
			}),
			clientFiles(),
		],
	})

	const jobs: Jobs = await inTurn(db, 'liveslot jobs', () =>
		createJobs({
			databaseUrl,
			mongoUrl: config.mongoUrl,
			log,
			nodeId,
			runs: dispatches,
			jobs: [
				{ name: 'generate slots', every: '15 0 * * *', run: async () => void (await schedules.generateAll()) },
				// Every full minute. What takes longer goes on by itself, and is joined by the next minute's.
				{ name: 'send reminders', every: '* * * * *', run: () => atMost(reminders.dispatch(), dispatchMs) },
				{
					name: 'clean up',
					every: '40 2 * * *',
					run: async () => log.info(await cleanUp(db, { auditDays: config.auditRetentionDays, ledgerDays }), 'cleaned up'),
				},
			],
		}),
	)

	const stop = async () => {
		readiness.drain()
		// No new work: no connections, no events. What was taken on is finished and answered.
		const closed = new Promise<void>(resolve => http.close(() => resolve()))
		sockets.refuseWork()
		await jobs.stop()
		await booking.finish(finishMs)
		// Clients of open sockets come back by themselves, to another node.
		await sockets.close()
		http.closeIdleConnections()
		await closed
		await booking.stop()
		holdsApi.stop()
		await identity.stop()
		await reminders.stop()
		await calendar.stop()
		clock.stop()
		await trail.stop()
		await Promise.all([pipeline.stop(), db.destroy()])
		for (const connection of [subscriber, adapterSubscriber, redis]) connection.disconnect()
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
