import { endpoints } from '../../contract/index.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'
import { signedIn } from '../identity/access.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { groupBy } from '../platform/group-by.ts'
import { type Route, route } from '../platform/http/routes.ts'
import type { EventHandlers } from '../platform/live/events.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Locks } from '../platform/mailbox/lease.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import type { Tracer } from '../platform/observability/tracer.ts'
import type { Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { NoticePolicy } from '../reminders/policy.ts'
import type { VisitCalendar } from '../reminders/visit-calendar.ts'
import type { Holds } from '../slots/holds.ts'
import { slotId } from '../slots/slot-id.ts'
import { listAppointments } from './appointments.ts'
import { calendarFile } from './calendar-file.ts'
import { createDrain } from './drain.ts'
import { createIntake } from './intake.ts'
import { createNews } from './news.ts'
import { createDrainObserver } from './observe.ts'
import { createOperations, type Operations } from './operations.ts'
import type { Happening } from './outcome.ts'
import { createQueue } from './queue.ts'
import { createRefuseTaken } from './refuse-taken.ts'
import type { State } from './rules.ts'
import { toWire } from './store.ts'
import { createWaiters } from './waiters.ts'

export type BookingDeps = {
	io: LiveServer
	db: Db
	run: Run
	redis: Redis
	subscriber: Subscriber
	locks: Locks
	log: Log
	metrics: Metrics
	tracer: Tracer
	nodeId: string
	types: AppointmentTypes
	holds: Holds
	policy: State['policy']
	notices: NoticePolicy
	visitCalendar: VisitCalendar
	/** Called after a commit that left messages to be sent at once. */
	nudge: () => void
	nowMs: () => number
}

export type Booking = {
	routes: Route[]
	/** Cancels and moves for those who act without a session: from a link in a message. */
	operations: Pick<Operations, 'cancel' | 'reschedule'>
	handlers: Pick<EventHandlers, 'appointment:book' | 'appointment:cancel' | 'appointment:reschedule'>
	/** Tells watchers of slots that changed outside the queue, in the queue's order; all of the calendar, without slots. */
	announce(doctorId: string, startsAt?: readonly Date[]): Promise<void>
	/** Whether somebody who asked through this node waits for an answer. */
	isAwaited(): boolean
	/** Waits until everybody who asked through this node has been answered, for so long at most. */
	finish(timeoutMs: number): Promise<void>
	stop(): Promise<void>
}

/** How long a caller waits for an outcome before being told to ask again. */
const outcomeTimeoutMs = 8000
const sweepEveryMs = 500

/** The heart: requests in order of arrival, settled in batches, with PostgreSQL as the referee. */
export const createBooking = async (deps: BookingDeps): Promise<Booking> => {
	const {
		io,
		db,
		run,
		redis,
		subscriber,
		locks,
		log,
		metrics,
		tracer,
		nodeId,
		types,
		holds,
		policy,
		notices,
		visitCalendar,
		nudge,
		nowMs,
	} = deps
	const queue = createQueue(redis)
	const waiters = await createWaiters({ redis, subscriber, nodeId, log, timeoutMs: outcomeTimeoutMs })
	const news = await createNews({ io, redis, subscriber, nodeId, log })
	metrics.sampled('booking_callers_waiting', 'Callers of this node who wait for an outcome', () => waiters.count())

	const tell = (happenings: Happening[]) => {
		news.tell(happenings)
		if (happenings.some(({ change }) => change !== 'status')) nudge()
	}

	const forgetHolds = (ended: readonly { doctorId: string; startMinute: number; userId: string }[]) => {
		// A count that is not corrected corrects itself when the hold would have run out.
		for (const [userId, theirs] of groupBy(ended, ({ userId }) => userId)) {
			const slotIds = theirs.map(({ doctorId, startMinute }) => slotId(doctorId, startMinute))
			holds.forget(userId, slotIds).catch(() => {})
		}
	}

	const observer = createDrainObserver({ metrics, log, tracer })
	const drain = createDrain({
		locks,
		queue,
		run,
		log,
		policy,
		notices,
		deliver: waiters.deliver,
		announce: tell,
		forgetHolds,
		observe: observer,
	})
	const intake = createIntake({ queue, reserve: drain.reserve, poke: drain.poke })
	const refuseTaken = createRefuseTaken({ run, holds })
	const operations = createOperations({ run, types, intake, waiters, refuseTaken, observe: observer.refusedAtDoor, nodeId, tracer })

	const sweeper = setInterval(() => {
		drain.sweep(nowMs()).catch(error => log.debug({ reason: (error as Error).message }, 'queue sweep failed'))
	}, sweepEveryMs)
	sweeper.unref()

	return {
		operations,
		routes: [
			route(endpoints.bookAppointment, ({ body, origin, idempotencyKey }, actor) =>
				operations.book({ actor, origin, idempotencyKey }, body),
			),
			route(endpoints.listAppointments, ({ query }, actor) => listAppointments(db, actor, query)),
			route(endpoints.getAppointment, async ({ params }, actor) => toWire(await operations.find(actor, params.id))),
			route(endpoints.getAppointmentFile, async ({ params, res }, actor) => {
				const appointment = await operations.find(actor, params.id)
				res.setHeader('Content-Disposition', 'attachment; filename="appointment.ics"')
				return calendarFile(db, visitCalendar, appointment)
			}),
			route(endpoints.cancelAppointment, ({ params, body, origin, idempotencyKey }, actor) =>
				operations.cancel({ actor, origin, idempotencyKey }, { appointmentId: params.id, reason: body.reason }),
			),
			route(endpoints.rescheduleAppointment, ({ params, body, origin, idempotencyKey }, actor) =>
				operations.reschedule({ actor, origin, idempotencyKey }, { appointmentId: params.id, slotId: body.slotId }),
			),
			route(endpoints.setAppointmentStatus, ({ params, body, origin, idempotencyKey }, actor) =>
				operations.setStatus({ actor, origin, idempotencyKey }, { appointmentId: params.id, status: body.status }),
			),
		],
		handlers: {
			'appointment:book': (payload, { actor, origin }) =>
				operations
					.book({ actor: signedIn(actor), origin, idempotencyKey: payload.idempotencyKey }, payload)
					.then(appointment => ({ appointment })),
			'appointment:cancel': async (payload, { actor, origin }) => ({
				appointment: await operations.cancel({ actor: signedIn(actor), origin, idempotencyKey: undefined }, payload),
			}),
			'appointment:reschedule': async ({ idempotencyKey, ...payload }, { actor, origin }) => ({
				appointment: await operations.reschedule({ actor: signedIn(actor), origin, idempotencyKey }, payload),
			}),
		},
		async announce(doctorId, startsAt) {
			await intake.add({ kind: 'announce', doctorId, minutes: startsAt?.map(instant => instant.getTime() / 60_000) })
		},
		isAwaited: () => waiters.count() > 0,
		async finish(timeoutMs) {
			const deadline = performance.now() + timeoutMs
			while (waiters.count() > 0 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 20))
			waiters.refuse()
		},
		async stop() {
			clearInterval(sweeper)
			await drain.stop()
			waiters.stop()
			news.stop()
		},
	}
}
