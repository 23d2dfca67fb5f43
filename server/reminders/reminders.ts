import type { RequestHandler } from 'express'
import { Language, type NotificationChannel } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Route } from '../identity/handlers.ts'
import { type Db, readSql, type Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import { publish, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import { codeMail, createEmail, passwordLinkMail } from './channels/email.ts'
import { createPush } from './channels/push.ts'
import { createSms } from './channels/sms.ts'
import { deskRoutes } from './desk.ts'
import { createDispatch } from './dispatch.ts'
import type { NoticePolicy } from './ledger.ts'
import { createLedger } from './ledger.ts'
import { type LinkPagesDeps, linkPages } from './link-pages.ts'
import { createLinkTokens, linksOf, type OfferGrant } from './links.ts'
import { listMessageRoutes } from './list-messages.ts'
import { addressIn, createMailer } from './mailer.ts'
import type { Channel } from './message.ts'
import { type Outbox, startOutbox } from './outbox.ts'
import { preferenceRoutes } from './preferences.ts'
import { devicesOf, forgetDevice, pushSubscriptionRoutes } from './push-subscriptions.ts'
import { type QuietHours, undoWaitSeconds } from './rules.ts'
import { createVisitCalendar, type VisitCalendar } from './visit-calendar.ts'
import { languageOfClinic, readClinicFace } from './visit-face.ts'

export type Sending = {
	/** Sends messages that are due; resolves when none is left that may be sent now. */
	dispatch(): Promise<void>
	stop(): Promise<void>
}

export type RemindersDeps = {
	db: Db
	run: Run
	redis: Redis
	subscriber: Subscriber
	config: Config
	log: Log
	metrics: Metrics
	limiter: CreateLimiter
	/** The address of this server for browsers; known once the server listens. */
	publicUrl: () => string
	nowMs: () => number
	/** Whether this process sends messages. Every process may write them to the ledger. */
	dispatches: boolean
}

/** The owner of an account. */
type Owner = { userId: string; email: string; fullName: string }

export type Reminders = {
	notices: NoticePolicy
	visitCalendar: VisitCalendar
	/** To be called in the transaction that changes when the clinic reminds. */
	planAgain(trx: Tx): Promise<void>
	/** Wakes the workers, because a message is due now. Returns immediately. */
	nudge(): void
	/** Starts to listen for nudges, if this process sends. `giveWay` tells whether a caller waits for more urgent work of this process. */
	startSending(deps: { giveWay: () => boolean }): Promise<Sending>
	sendPasswordReset(to: Owner, token: string): Promise<void>
	sendInvitation(to: Owner, token: string): Promise<void>
	/** Mails a code for signing in, also to an address without an account. */
	sendCode(to: { email: string; language: Language | undefined }, code: string): Promise<void>
	/** The visit that a link in a message is for, until some hours after its planned end; undefined for every other link. */
	readLink(link: string): { appointmentId: string; patientId: string } | undefined
	/** The offer that a link in a message is for. */
	readOfferLink(token: string): OfferGrant | undefined
	/** Until which hours of the night no phone rings. */
	quietHours: QuietHours | undefined
	routes: Route[]
	pages(deps: Pick<LinkPagesDeps, 'operations' | 'freeTimes'>): RequestHandler[]
	stop(): Promise<void>
}

const smtpConnections = 5
const nudgeChannel = 'liveslot:notices'
/** Commits within this time share one nudge. */
const nudgeDelayMs = 100
/** A message that is due for longer than this is overdue. */
const overdueSeconds = 300
/** Patients whose doctor is late still look up their place in line. */
const lateMs = 6 * 3_600_000
const linkLimit = { name: 'links', points: 30, perSeconds: 60 }

/** Messages to patients about their visits: when they are sent, by which channels, and what patients can do with them. */
export async function createReminders(deps: RemindersDeps): Promise<Reminders> {
	const { db, run, redis, subscriber, config, log, metrics, limiter, publicUrl, nowMs, dispatches } = deps
	const outbox = config.smtpUrl || config.production ? undefined : await openOutbox(config.dataDir, log)
	const smtpUrl = config.smtpUrl ?? outbox?.smtpUrl
	const mailer = smtpUrl ? createMailer({ url: smtpUrl, from: config.mailFrom, connections: smtpConnections }) : undefined
	const outcomes = metrics.counter('notifications_total', 'Messages by what came of them', ['channel', 'outcome'])
	const tokens = createLinkTokens(config.jwtSecret)

	// Message ids and calendar events carry this name, so it must never change.
	const host = config.publicUrl ? new URL(config.publicUrl).hostname : 'localhost'
	const sender = addressIn(config.mailFrom)
	const visitCalendar = createVisitCalendar({ sender, host, publicUrl })
	const channels: Channel[] = []
	if (mailer) channels.push(createEmail({ mailer, visitCalendar, host, publicUrl, concurrency: smtpConnections }))
	if (config.twilio) channels.push(createSms({ twilio: config.twilio }))
	if (config.vapid) {
		channels.push(
			createPush({
				vapid: config.vapid,
				subject: `mailto:${sender}`,
				devicesOf: userId => devicesOf(db, userId),
				forget: id => forgetDevice(db, id),
				publicOnly: config.production,
			}),
		)
	}
	const notices: NoticePolicy = { channels: channels.map(({ name }) => name), leadMinutes: config.reminderLeadMinutes }

	// Every series starts at zero, so that an alert sees the first failure as a rise.
	for (const channel of notices.channels) for (const outcome of ['sent', 'postponed', 'failed']) outcomes.inc({ channel, outcome }, 0)
	const ledger = createLedger(run)
	if (dispatches) {
		const read = () => ledger.overdue(notices.channels, overdueSeconds)
		metrics.sampled('notifications_overdue', 'Messages whose turn came over five minutes ago', read, 'channel')
	}
	let nudgeTimer: NodeJS.Timeout | undefined
	/** Nudges for messages that wait because the desk may undo what they tell. */
	const laterTimers = new Set<NodeJS.Timeout>()

	return {
		notices,
		visitCalendar,
		planAgain: trx => planAgain(trx, notices),
		nudge,
		async startSending({ giveWay }) {
			const dispatch = createDispatch({
				nowMs,
				ledger,
				channels,
				links: ({ patient, visit, offer }, channel: NotificationChannel) =>
					linksOf(tokens, publicUrl(), {
						appointmentId: visit.id,
						offerId: offer?.id,
						patientId: patient.id,
						channel,
						visitEndsMs: visit.endsAtMs,
						nowMs: nowMs(),
					}),
				quietHours: config.quietHours,
				log,
				giveWay,
				observe: (channel, outcome) => outcomes.inc({ channel, outcome }),
			})
			if (dispatches) {
				subscriber.on('message', onMessage)
				await subscriber.subscribe(nudgeChannel)
			}

			return {
				dispatch: send,
				async stop() {
					subscriber.off('message', onMessage)
					await dispatch.stop()
				},
			}

			async function send() {
				try {
					await dispatch.tick()
				} catch (error) {
					log.warn({ err: error }, 'dispatch failed; messages stay due')
				}
			}

			function onMessage(channel: string) {
				if (channel === nudgeChannel) void send()
			}
		},
		sendPasswordReset: (to, token) => mailLink('reset', to, token),
		sendInvitation: (to, token) => mailLink('invitation', to, token),
		sendCode,
		readLink(link) {
			const grant = tokens.read(link, nowMs() - lateMs)
			return grant?.may === 'act on visit' ? { appointmentId: grant.appointmentId, patientId: grant.patientId } : undefined
		},
		readOfferLink: token => tokens.readForOffer(token, nowMs()),
		quietHours: config.quietHours,
		routes: [
			...pushSubscriptionRoutes({ db, publicKey: config.vapid?.publicKey, notices }),
			...preferenceRoutes({ db, notices }),
			...deskRoutes({ db, nudge }),
			...listMessageRoutes({ db, channels: notices.channels, nudge }),
		],
		pages: ({ operations, freeTimes }) => [
			linkPages({ db, tokens, limit: limiter(linkLimit), nowMs, operations, freeTimes }),
			...(outbox ? [outbox.pages] : []),
		],
		async stop() {
			clearTimeout(nudgeTimer)
			for (const timer of laterTimers) clearTimeout(timer)
			await Promise.all([mailer?.stop(), ...channels.map(channel => channel.stop())])
			await outbox?.stop()
		},
	}

	async function mailLink(kind: 'reset' | 'invitation', { userId, email, fullName }: Owner, token: string) {
		if (!mailer) return void log.warn({ userId, kind }, 'link not mailed, because SMTP_URL is not set')
		const patient = await db('patients').where({ user_id: userId }).first('language')
		const clinic = await readClinicFace(db)
		const language = Language.safeParse(patient?.language).data ?? languageOfClinic(clinic)
		const link = `${publicUrl()}/reset-password?token=${encodeURIComponent(token)}`
		const letter = passwordLinkMail(kind, { to: { name: fullName, email }, link, clinic, publicUrl: publicUrl(), language })
		const sending = await mailer.send(letter)
		if (!sending.sent) throw new Error(sending.reason)
	}

	async function sendCode({ email, language }: { email: string; language: Language | undefined }, code: string) {
		if (!mailer) return void log.warn('code not mailed, because SMTP_URL is not set')
		const patient = await db('patients').join('users', 'users.id', 'patients.user_id').where('users.email', email).first('language')
		const clinic = await readClinicFace(db)
		const known = language ?? Language.safeParse(patient?.language).data ?? languageOfClinic(clinic)
		const sending = await mailer.send(codeMail({ email, code, clinic, publicUrl: publicUrl(), language: known }))
		if (!sending.sent) throw new Error(sending.reason)
	}

	function nudge() {
		if (channels.length === 0) return
		nudgeTimer ??= setTimeout(() => {
			nudgeTimer = undefined
			// A lost nudge only delays the message until the next minute's dispatch.
			publish(redis, nudgeChannel, '').catch(() => {})
			const later = setTimeout(() => {
				laterTimers.delete(later)
				publish(redis, nudgeChannel, '').catch(() => {})
			}, undoWaitSeconds * 1000)
			laterTimers.add(later)
		}, nudgeDelayMs)
	}
}

const planAgainSql = readSql('./plan_again.sql', import.meta.url)

/**
 * Follows the leads that this transaction has given the clinic. Bookings write reminders meanwhile: the lock makes each of them either
 * finish first, and be read here, or wait and read the new leads. Most of the work is done before the lock, so that none waits long.
 */
async function planAgain(trx: Tx, { channels, leadMinutes }: NoticePolicy): Promise<void> {
	const values = { channels: [...channels], leads: [...leadMinutes] }
	await trx.raw(planAgainSql, values)
	await trx.raw('LOCK TABLE notification_queue IN SHARE ROW EXCLUSIVE MODE')
	await trx.raw(planAgainSql, values)
}

/** Undefined when letters cannot be stored: the server then sends no mail, and logs that. */
async function openOutbox(dataDir: string, log: Log): Promise<Outbox | undefined> {
	try {
		return await startOutbox({ dataDir, log })
	} catch (error) {
		log.warn({ reason: (error as Error).message }, 'outbox could not be opened; without SMTP_URL no mail is sent')
		return undefined
	}
}
