import { createAnalytics } from './analytics/analytics.ts'
import { createBooking } from './booking/api.ts'
import { createClinic } from './clinic/clinic.ts'
import { refuseInUse } from './clinic/to-come.ts'
import { createFeeds } from './feeds/feeds.ts'
import { createFhir } from './fhir/fhir.ts'
import { userRoom } from './identity/actor.ts'
import type { Authentication } from './identity/authentication.ts'
import { createIdentity } from './identity/identity.ts'
import type { CutOff } from './identity/sessions.ts'
import { startJobs } from './jobs.ts'
import { createOffers } from './offers/offers.ts'
import { createPatients } from './patients/patients.ts'
import type { LiveServer } from './platform/live/server.ts'
import { createLeases } from './platform/mailbox/lease.ts'
import { createPrivacy } from './privacy/privacy.ts'
import { createReminders } from './reminders/reminders.ts'
import { createSchedules } from './schedule/schedule.ts'
import { addTimeOff, removeTimeOff } from './schedule/time-off.ts'
import { createAnnouncements } from './slots/announcements.ts'
import { createHoldHistory } from './slots/hold-history.ts'
import { parseSlotId } from './slots/slot-id.ts'
import { createSlots } from './slots/slots.ts'
import type { Stores } from './stores.ts'
import { createCrowd } from './tuning/crowd.ts'
import { createWaitingRoom } from './waiting-room/waiting-room.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

/** A node's second step: creates each domain with what it needs of the stores, of the transports and of earlier domains. */
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
	const holdHistory = createHoldHistory({ run, log })
	const slots = createSlots({
		history: holdHistory,
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
		limiter,
		serverSecret: config.jwtSecret,
		secureCookie: config.production,
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
		policy: async () => {
			const { cancelCutoffMinutes, maxUpcomingPerPatient, overbooking } = await clinic.policy()
			return { cancelCutoffMs: cancelCutoffMinutes * 60_000, maxUpcoming: maxUpcomingPerPatient, overbooking }
		},
		notices: reminders.notices,
		visitCalendar: reminders.visitCalendar,
		wakeReminders: reminders.nudge,
		offering: { openSeconds: offeredSeconds, quiet: reminders.quietHours },
		tellOffers: () => offers.tell(),
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
		sendCode: reminders.sendCode,
		publicUrl,
		refuseDoctorInUse: (trx, doctorId) => refuseInUse(trx, { doctorId }),
	})
	const schedules = createSchedules({ db, config, log, announcements })
	const setUp = {
		routes: clinic.routes({
			followSite: schedules.followSite,
			followHorizon: schedules.followHorizon,
			planRemindersAgain: reminders.planAgain,
		}),
	}
	const patients = createPatients({
		db,
		announcements,
		country: clinic.country,
		cutoffMinutes: async () => (await clinic.policy()).cancelCutoffMinutes,
	})
	const privacy = createPrivacy({
		db,
		log,
		limiter,
		confirmPassword: identity.confirmPassword,
		cancel: booking.commands.cancel,
		announcements,
		cutOff,
	})
	const analytics = createAnalytics({ db, slotOf: parseSlotId })
	const waitingRoom = createWaitingRoom({
		io,
		db,
		run,
		redis,
		subscriber,
		log,
		metrics,
		limiter,
		doctors,
		commands: booking.commands,
		readLink: reminders.readLink,
		nowMs,
	})

	const offers = createOffers({
		db,
		run,
		io,
		log,
		types,
		holds: slots.holds,
		commands: booking.commands,
		limiter,
		announce: booking.announce,
		isWaitlistOn: async () => (await clinic.policy()).waitlist,
		readOfferLink: reminders.readOfferLink,
		timeOff: {
			async add(trx, span) {
				const { id, changedStarts } = await addTimeOff(trx, span)
				await announcements.write(trx, [{ doctorId: span.doctorId, startsAt: changedStarts }])
				return id
			},
			async remove(trx, which) {
				const removed = await removeTimeOff(trx, which)
				if (removed) await announcements.write(trx, [{ doctorId: which.doctorId, startsAt: removed.changedStarts }])
			},
			tell: announcements.tell,
		},
		nowMs,
	})

	const webhooks = createWebhooks({ db, run, config, log, nowMs, delivers: sends })

	const feeds = createFeeds({ db, run, limiter, calendar: reminders.visitCalendar, publicUrl, nowMs })

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

	const routes = [
		identity,
		setUp,
		schedules,
		slots,
		booking,
		patients,
		privacy,
		analytics,
		reminders,
		waitingRoom,
		offers,
		webhooks,
		feeds,
	].flatMap(({ routes }) => routes)
	const fhir = createFhir({
		db,
		run,
		redis,
		log,
		version: stores.version,
		serverSecret: config.jwtSecret,
		nowMs,
		limit: limits.request,
		longAnswer: config.rateLimit ? limits.longAnswer : undefined,
		publicUrl,
		routes,
		searchAppointments: booking.search,
		noteAccess: stores.trail.note,
	})

	return {
		slots,
		waitingRoom,
		jobs,
		handlers: { ...slots.handlers, ...booking.handlers, ...waitingRoom.handlers },
		routes,
		pages: [
			fhir,
			...reminders.pages({ operations: booking.commands, freeTimes }),
			offers.page,
			clinic.front.manifest,
			clinic.embedded,
			feeds.page,
		],
		dressPage: clinic.front.dress,
		/** Stops recurring work and waits until every caller has an answer. */
		async finish(): Promise<void> {
			await jobs.stop()
			await offers.stop()
			await announcements.stop()
			await booking.finish(finishMs)
		},
		async stop(): Promise<void> {
			await waitingRoom.stop()
			await webhooks.stop()
			await booking.stop()
			await identity.stop()
			await sending.stop()
			await reminders.stop()
			await slots.stop()
			await holdHistory.stop()
		},
	}
}

export type Domains = Awaited<ReturnType<typeof createDomains>>

/** The domains' access to sockets and browsers. */
type Reach = {
	io: LiveServer
	cutOff: CutOff
	/** The node's public address, known once it listens. */
	publicUrl: () => string
}

/** How long a patient who waits has to answer. */
const offeredSeconds = 30 * 60
/** Another node takes over a killed owner's mailbox after this time. A batch takes a small part of it. */
const leaseMs = 4000
/** How many free times the page behind a link offers. */
const offeredTimes = 8
/** How long a stopping node waits for the requests that it has accepted. */
const finishMs = 6000
