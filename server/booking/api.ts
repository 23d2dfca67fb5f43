import { endpoints } from '../../contract/index.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'
import type { Doctors } from '../clinic/doctors.ts'
import { type Actor, signedIn } from '../identity/actor.ts'
import { type EventHandlers, type Route, route } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Leases } from '../platform/mailbox/lease.ts'
import { createMailbox } from '../platform/mailbox/mailbox.ts'
import { createReplies, type Replies } from '../platform/mailbox/replies.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import type { Tracer } from '../platform/observability/tracer.ts'
import type { Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { NoticePolicy } from '../reminders/ledger.ts'
import type { VisitCalendar } from '../reminders/visit-calendar.ts'
import { boardRider, createClaim } from '../slots/board-rider.ts'
import type { Holds } from '../slots/holds.ts'
import { type AppointmentSearch, calendarFile, type FoundAppointments, listAppointments, searchAppointments } from './appointments.ts'
import { type Ask, type Commands, createCommands } from './commands.ts'
import { createEffects, createNotify } from './effects.ts'
import { toWire } from './facts.ts'
import { type BookingObserver, createBookingObserver } from './observe.ts'
import type { ChangeRequest, Outcome, QueueRequest } from './requests.ts'
import type { State } from './rules.ts'
import { createSettle, type SettleDeps } from './settle.ts'

/** The heart: settles requests in batches, in their order of arrival. PostgreSQL decides who won. */
export async function createBooking(deps: BookingDeps): Promise<Booking> {
	const {
		io,
		db,
		run,
		redis,
		subscriber,
		leases,
		log,
		metrics,
		tracer,
		nodeId,
		types,
		doctors,
		holds,
		policy,
		notices,
		wakeReminders,
		tellOffers,
		offering,
		nowMs,
	} = deps
	const observe = createBookingObserver({ metrics, log, tracer })
	const replies = await createReplies<Outcome>({ redis, subscriber, nodeId, log, timeoutMs: outcomeTimeoutMs })
	const notify = await createNotify({ io, redis, subscriber, nodeId, log })
	const effects = createEffects({ replies, holds, notify: notify.people, wakeReminders, tellOffers, observe })
	const handler = createSettle({ run, policy, notices, offering, claim: createClaim(redis), effects, log })
	const mailbox = createMailbox({ redis, leases, rider: boardRider, handler, roomFor, observe, log })
	const ask = (deps.door ?? openDoor)({ run, holds, replies, post: postTraced, observe })
	const commands = createCommands({ run, types, doctors, ask, nodeId, nowMs })
	metrics.sampled('booking_callers_waiting', 'Callers of this node who wait for an outcome', () => replies.count())

	const sweeper = setInterval(() => {
		mailbox.sweep(nowMs()).catch(error => log.debug({ reason: (error as Error).message }, 'sweep of mailboxes failed'))
	}, sweepEveryMs)
	sweeper.unref()

	return {
		commands,
		search: (actor, search) => searchAppointments(db, actor, search),
		routes: routesOf(commands, db, deps.visitCalendar),
		handlers: handlersOf(commands),
		announce: (doctorId, startsAt) =>
			mailbox.post(doctorId, { kind: 'announce', doctorId, minutes: startsAt?.map(instant => instant.getTime() / 60_000) }),
		isAwaited: () => replies.count() > 0,
		async finish(timeoutMs) {
			const deadlineMs = performance.now() + timeoutMs
			while (replies.count() > 0 && performance.now() < deadlineMs) await new Promise(resolve => setTimeout(resolve, 20))
			replies.giveUpAll()
		},
		async stop() {
			clearInterval(sweeper)
			await mailbox.stop()
			replies.stop()
			notify.stop()
		},
	}

	/** Passes the trace context of this step along, so that the node that drains the mailbox continues the trace. */
	async function postTraced(request: ChangeRequest): Promise<void> {
		if (!tracer.isOn) return await mailbox.post(request.doctorId, request)
		const span = tracer.start('queue', { kind: 'producer', parent: request.origin.trace })
		span.set('liveslot.kind', request.kind)
		const origin = span.context ? { ...request.origin, trace: span.context } : request.origin
		await mailbox.post(request.doctorId, { ...request, origin }).finally(() => span.end())
	}
}

export type BookingDeps = {
	io: LiveServer
	db: Db
	run: Run
	redis: Redis
	subscriber: Subscriber
	leases: Leases
	log: Log
	metrics: Metrics
	tracer: Tracer
	nodeId: string
	types: AppointmentTypes
	doctors: Pick<Doctors, 'exists'>
	holds: Holds
	policy: () => Promise<State['policy']>
	notices: NoticePolicy
	visitCalendar: VisitCalendar
	offering: SettleDeps['offering']
	/** Called after a commit that made or ended offers. */
	tellOffers: () => void
	/** Called after a commit that wrote messages which are due at once. */
	wakeReminders: () => void
	nowMs: () => number
	/** What a request passes before it reaches its doctor's mailbox. By default, nothing. */
	door?: Door | undefined
}

export type Booking = {
	/** Also for callers without a session, such as the page behind a link in a message. */
	commands: Commands
	/** For other programs: any combination of filters, with a total. */
	search(actor: Actor, search: AppointmentSearch): Promise<FoundAppointments>
	routes: Route[]
	handlers: Pick<EventHandlers, 'appointment:book' | 'appointment:cancel' | 'appointment:reschedule'>
	/** Publishes slots that changed without a request, in the mailbox's order. Without `startsAt` it resets the whole calendar. */
	announce(doctorId: string, startsAt?: readonly Date[]): Promise<void>
	/** Whether a caller of this node waits for an outcome. */
	isAwaited(): boolean
	/** Waits until every caller of this node has an answer, but no longer than `timeoutMs`. */
	finish(timeoutMs: number): Promise<void>
	stop(): Promise<void>
}

export type Door = (deps: DoorDeps) => Ask

export type DoorDeps = {
	run: Run
	holds: Pick<Holds, 'read'>
	replies: Replies<Outcome>
	post: (request: ChangeRequest) => Promise<void>
	observe: Pick<BookingObserver, 'refusedAtDoor'>
}

/** A caller without an outcome after this time is told to ask again. */
const outcomeTimeoutMs = 8000
const sweepEveryMs = 500
const maxMessages = 20_000

function openDoor({ replies, post }: DoorDeps): Ask {
	return request => {
		const heard = replies.wait(request.id)
		post(request).catch(error => replies.fail(request.id, error))
		return heard
	}
}

/** An announcement is never refused as `queue_full`: its change is committed, and no caller would repeat it. */
function roomFor(request: QueueRequest): number {
	return request.kind === 'announce' ? Number.MAX_SAFE_INTEGER : maxMessages
}

function routesOf(commands: Commands, db: Db, visitCalendar: VisitCalendar): Route[] {
	return [
		route(endpoints.bookAppointment, ({ body, origin, idempotencyKey }, actor) => commands.book({ actor, origin, idempotencyKey }, body)),
		route(endpoints.listAppointments, ({ query }, actor) => listAppointments(db, actor, query)),
		route(endpoints.getAppointment, async ({ params }, actor) => toWire(await commands.find(actor, params.id))),
		route(endpoints.getAppointmentFile, async ({ params, res }, actor) => {
			const appointment = await commands.find(actor, params.id)
			res.setHeader('Content-Disposition', 'attachment; filename="appointment.ics"')
			return calendarFile(db, visitCalendar, appointment)
		}),
		route(endpoints.cancelAppointment, ({ params, body, origin, idempotencyKey }, actor) =>
			commands.cancel({ actor, origin, idempotencyKey }, { appointmentId: params.id, reason: body.reason }),
		),
		route(endpoints.rescheduleAppointment, ({ params, body, origin, idempotencyKey }, actor) =>
			commands.reschedule({ actor, origin, idempotencyKey }, { appointmentId: params.id, slotId: body.slotId }),
		),
		route(endpoints.setAppointmentStatus, ({ params, body, origin, idempotencyKey }, actor) =>
			commands.setStatus({ actor, origin, idempotencyKey }, { appointmentId: params.id, status: body.status }),
		),
		route(endpoints.undoAppointment, ({ params, origin, idempotencyKey }, actor) =>
			commands.undo({ actor, origin, idempotencyKey }, { appointmentId: params.id }),
		),
	]
}

function handlersOf(commands: Commands): Booking['handlers'] {
	return {
		// Not async, for the same reason as `submit`.
		'appointment:book': ({ idempotencyKey, ...payload }, { actor, origin }) =>
			commands.book({ actor: signedIn(actor), origin, idempotencyKey }, payload).then(appointment => ({ appointment })),
		'appointment:cancel': async ({ idempotencyKey, ...payload }, { actor, origin }) => ({
			appointment: await commands.cancel({ actor: signedIn(actor), origin, idempotencyKey }, payload),
		}),
		'appointment:reschedule': async ({ idempotencyKey, ...payload }, { actor, origin }) => ({
			appointment: await commands.reschedule({ actor: signedIn(actor), origin, idempotencyKey }, payload),
		}),
	}
}
