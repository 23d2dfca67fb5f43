import { endpoints } from '../contract/index.ts'
import type { Domains } from './domains.ts'
import { actorPolicy, actorRooms } from './identity/actor.ts'
import type { Authentication } from './identity/authentication.ts'
import { actorOf } from './identity/handlers.ts'
import { renewHandlers } from './identity/session-routes.ts'
import { createApp } from './platform/http/app.ts'
import { clientFiles } from './platform/http/client-files.ts'
import { createHttpServer } from './platform/http/server.ts'
import { ignoreOtherUpgrades } from './platform/http/upgrade.ts'
import { jobRoutes } from './platform/jobs/routes.ts'
import { createSockets } from './platform/live/server.ts'
import { observeTraffic, registerGauges } from './platform/observability/figures.ts'
import { createOwnPages } from './platform/security/own-pages.ts'
import type { Stores } from './stores.ts'
import { PreparedEncoder } from './tuning/prepared-encoder.ts'
import { shareRefusals } from './tuning/shared-refusals.ts'
import { writeTogether } from './tuning/write-together.ts'

/** Creates HTTP and Socket.IO without opening them. Domains need the node's future address and the sockets that they send changes to. */
export function createTransports(stores: Stores, authentication: Authentication) {
	const { config, log, redis, adapterSubscriber, limits, trail, tracer, metrics } = stores
	const http = createHttpServer(config)
	const observe = observeTraffic(metrics)
	const sockets = createSockets({
		publisher: redis,
		subscriber: adapterSubscriber,
		log,
		corsOrigins: config.corsOrigins,
		isOwnPage: createOwnPages(config),
		trustedProxies: config.trustedProxies,
		limits: config.rateLimit ? { ...limits.sockets, longAnswer: limits.longAnswer } : undefined,
		connectTimeoutMs: config.slowClientMs,
		noteAccess: trail.note,
		authenticate: authentication.authenticateToken,
		readAgain: authentication.readAgain,
		policy: actorPolicy,
		rooms: actorRooms,
		tuning: { connection: writeTogether, encoder: PreparedEncoder, refusals: shareRefusals() },
		observe: observe.event,
		tracer,
	})

	return {
		io: sockets.io,
		cutOff: sockets.cutOff,
		url: http.url,
		/** The node's public address. */
		publicUrl: () => config.publicUrl ?? http.url(),
		/** A node's last step: answers requests and events through the domains. @throws Error when the port is taken */
		async open(domains: Domains): Promise<void> {
			const { slots, waitingRoom } = domains
			sockets.serve(
				{
					...domains.handlers,
					...renewHandlers({ renew: sockets.renew, renewed: slots.connected }),
				},
				{
					connected: slots.connected,
					disconnected: socket => {
						slots.disconnected(socket)
						waitingRoom.disconnected(socket)
					},
					callerChanged: socket => {
						slots.callerChanged(socket)
						waitingRoom.callerChanged(socket, actorOf(socket))
					},
				},
			)
			http.serve(
				createApp({
					config,
					log,
					version: stores.version,
					endpoints,
					routes: [...domains.routes, ...jobRoutes({ db: stores.db, jobs: domains.jobs })],
					authenticate: authentication.authenticate,
					policy: actorPolicy,
					limit: limits.request,
					longAnswer: config.rateLimit ? limits.longAnswer : undefined,
					noteAccess: trail.note,
					whatIsDown: stores.readiness.whatIsDown,
					metrics: metrics.read,
					observe: observe.request,
					tracer,
					pages: [...domains.pages, clientFiles(domains.dressPage)],
				}),
			)
			sockets.attach(http.server)
			ignoreOtherUpgrades(http.server, ({ url }) => url?.startsWith('/socket.io/') ?? false)
			registerGauges(metrics, { ...stores, io: sockets.io, jobs: domains.jobs })
			await http.listen()
		},
		/** Refuses new connections and sends sockets to other nodes. */
		refuse(): void {
			http.close()
			sockets.drain()
		},
		/** Ends open connections once their requests are answered. */
		async close(): Promise<void> {
			await Promise.all([sockets.close(), http.end(readMs)])
		},
	}
}

/** How long a stopping node waits for requests that only read. */
const readMs = 2000
