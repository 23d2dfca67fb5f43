import { createAnalytics } from './analytics/analytics.ts'
import { createBooking } from './booking/api.ts'
import { createClinic } from './clinic/clinic.ts'
import { refuseInUse } from './clinic/to-come.ts'
import { type Authentication, createIdentity } from './identity/identity.ts'
import { userRoom } from './identity/rooms.ts'
import type { CutOff } from './identity/sign-in.ts'
import { startJobs } from './jobs.ts'
import { createPatients } from './patients/patients.ts'
import type { LiveServer } from './platform/live/server.ts'
import { createLeases } from './platform/mailbox/lease.ts'
import { createPrivacy } from './privacy/privacy.ts'
import { createReminders } from './reminders/reminders.ts'
import { createSchedules } from './schedule/schedule.ts'
import { createAnnouncements } from './slots/announcements.ts'
import { createSlots } from './slots/slots.ts'
import type { Stores } from './stores.ts'
import { createCrowd } from './tuning/crowd.ts'

export type Domains = Awaited<ReturnType<typeof createDomains>>

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

	const clinic = createClinic({ db, run, config })
	const { types, doctors } = clinic
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
		nowMs,
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
		doctors,
		holds: slots.holds,
		policy: { cancelCutoffMs: config.cancelCutoffMs },
		notices: reminders.notices,
		visitCalendar: reminders.visitCalendar,
		wakeReminders: reminders.nudge,
		nowMs,
		door: createCrowd,
	})
	const sending = await reminders.startSending({ giveWay: booking.isAwaited })

	const announcements = createAnnouncements({ db, run, log, announce: booking.announce })
	const identity = createIdentity({
		db,
		config,
		log,
		limiter,
		accessTokens: authentication.accessTokens,
		cutOff,
		announcements,
		nowMs,
		sendPasswordReset: reminders.sendPasswordReset,
		sendInvitation: reminders.sendInvitation,
		refuseDoctorInUse: (trx, doctorId) => refuseInUse(trx, { doctorId }),
	})
	const schedules = createSchedules({ db, config, log, announcements })
	const setUp = { routes: clinic.routes({ followSite: schedules.followSite }) }
	const patients = createPatients({ db, announcements })
	const privacy = createPrivacy({
		db,
		log,
		limiter,
		confirmPassword: identity.confirmPassword,
		cancel: booking.commands.cancel,
		announcements,
		cutOff,
	})
	const analytics = createAnalytics({ db })

	const freeTimes = async (doctorId: string) => (await slots.nextFree([doctorId], offeredTimes)).flatMap(({ slots }) => slots)
	const jobs = await startJobs({
		db,
		config,
		databaseUrl,
		log,
		metrics,
		nodeId,
		runs: sends,
		generateSlots: schedules.generateAll,
		endLeftoverSlots: schedules.endLeftovers,
		sendReminders: sending.dispatch,
		finishErasures: privacy.finishErasures,
	})

	return {
		slots,
		jobs,
		handlers: { ...slots.handlers, ...booking.handlers },
		routes: [identity, setUp, schedules, slots, booking, patients, privacy, analytics, reminders].flatMap(({ routes }) => routes),
		pages: reminders.pages({ operations: booking.commands, freeTimes }),
		/** Takes no more recurring work, and answers what was asked. */
		async finish(): Promise<void> {
			await jobs.stop()
			await announcements.stop()
			await booking.finish(finishMs)
		},
		async stop(): Promise<void> {
			await booking.stop()
			await identity.stop()
			await sending.stop()
			await reminders.stop()
			await slots.stop()
		},
	}
}
