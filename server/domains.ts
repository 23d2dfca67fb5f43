import { createAnalytics } from './analytics/analytics.ts'
import { createBooking } from './booking/api.ts'
import { createAppointmentTypes } from './clinic/appointment-types.ts'
import { type Authentication, createIdentity } from './identity/identity.ts'
import type { CutOff } from './identity/sign-in.ts'
import { startJobs } from './jobs.ts'
import { createPatients } from './patients/patients.ts'
import { type LiveServer, userRoom } from './platform/live/server.ts'
import { createLeases } from './platform/mailbox/lease.ts'
import { createPrivacy } from './privacy/privacy.ts'
import { createReminders } from './reminders/reminders.ts'
import { createSchedules } from './schedule/schedule.ts'
import { createCalendar } from './slots/calendar.ts'
import { createHolds } from './slots/holds.ts'
import { createHoldsApi } from './slots/holds-api.ts'
import { nextFree } from './slots/next-free.ts'
import type { Stores } from './stores.ts'
import { createCrowd } from './tuning/crowd.ts'

export type Domains = Awaited<ReturnType<typeof createDomains>>

/** A node's second step: what each domain needs of the stores, of the transports and of the domains before it. */
export async function createDomains(stores: Stores, { io, cutOff, publicUrl }: Reach, authentication: Authentication) {
	const { config, log, metrics, tracer, nodeId, databaseUrl, db, run, redis, subscriber, limiter, limits, nowMs } = stores
	const sends = config.role !== 'web'

	const reminders = await createReminders({
		db,
		run,
		redis,
		subscriber,
		config,
		log,
		metrics,
		limiter,
		publicUrl,
		nowMs,
		dispatches: sends,
	})

	const identity = createIdentity({
		db,
		config,
		log,
		limiter,
		accessTokens: authentication.accessTokens,
		cutOff,
		nowMs,
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
		nowMs,
	})
	const calendar = createCalendar({ io, redis, subscriber, run, log, metrics, nodeId, readHolds: holds.read, nowMs })
	const holdsApi = createHoldsApi({
		holds,
		log,
		metrics,
		limit: limits.hold,
		isElsewhere: async userId => (await io.in(userRoom(userId)).fetchSockets()).length > 0,
	})

	const booking = await createBooking({
		io,
		db,
		run,
		redis,
		subscriber,
		leases: createLeases({ redis, leaseMs }),
		log,
		metrics,
		tracer,
		nodeId,
		types,
		holds,
		policy: { cancelCutoffMs: config.cancelCutoffMs },
		notices: reminders.notices,
		wakeReminders: reminders.nudge,
		nowMs,
		door: createCrowd,
	})
	const sending = await reminders.startSending({ giveWay: booking.isAwaited })

	const schedules = createSchedules({ db, config, log, announceSlots: booking.announce, announceSchedule: booking.announce })
	const patients = createPatients({ db })
	const privacy = createPrivacy({
		db,
		log,
		limiter,
		confirmPassword: identity.confirmPassword,
		cancel: booking.commands.cancel,
		announce: booking.announce,
		cutOff,
	})
	const analytics = createAnalytics({ db })

	const freeTimes = async (doctorId: string) =>
		(await nextFree({ run, readHolds: holds.read, nowMs }, [doctorId], offeredTimes)).flatMap(({ slots }) => slots)
	const jobs = await startJobs({
		db,
		config,
		databaseUrl,
		log,
		metrics,
		nodeId,
		runs: sends,
		generateSlots: schedules.generateAll,
		sendReminders: sending.dispatch,
		finishErasures: privacy.finishErasures,
	})

	return {
		calendar,
		holdsApi,
		jobs,
		handlers: { ...calendar.handlers, ...holdsApi.handlers, ...booking.handlers },
		routes: [identity, schedules, calendar, holdsApi, booking, patients, privacy, analytics, reminders].flatMap(({ routes }) => routes),
		pages: reminders.pages({ operations: booking.commands, freeTimes }),
		/** Takes no more recurring work, and answers what was asked. */
		async finish(): Promise<void> {
			await jobs.stop()
			await booking.finish(finishMs)
		},
		async stop(): Promise<void> {
			await booking.stop()
			holdsApi.stop()
			await identity.stop()
			await sending.stop()
			await reminders.stop()
			await calendar.stop()
		},
	}
}

/** How the domains reach the outside. */
type Reach = {
	io: LiveServer
	cutOff: CutOff
	/** Where browsers find this node; known once it listens. */
	publicUrl: () => string
}

/** A killed lock holder is followed by another after this time; a batch takes a small part of it. */
const leaseMs = 4000
/** Free times on the page behind a link. */
const offeredTimes = 8
/** How long a stopping node gives the requests that it has taken on. */
const finishMs = 6000
