import { DateTime } from 'luxon'
import type { AppointmentStatus, NotificationChannel, NotificationKind } from '../../contract/index.ts'
import type { DueMessage } from './ledger.ts'

/** How long messages wait that tell of an act at the desk: longer than the act can be undone. */
export const undoWaitSeconds = 15

/** A message is given up after this many tries, which take about three hours. */
export const maxAttempts = 10
/** An offer is not kept for a patient who cannot be reached: the next in line waits. */
export const maxAttemptsOfOffer = 2

/** The statuses of a visit in which a message about it is still true. */
const trueIn: Record<NotificationKind, readonly AppointmentStatus[]> = {
	reminder: ['booked'],
	booked: ['booked', 'checked_in'],
	rescheduled: ['booked', 'checked_in'],
	cancelled: ['cancelled'],
	notice: ['booked', 'checked_in'],
	// Whether the offer is open still is asked as whether the message is current.
	offer: ['booked'],
}

/** Why a message must not be sent; null when it may be. Asked immediately before sending. */
export function whyNotSend(
	message: DueMessage,
	channel: NotificationChannel,
	nowMs: number,
): { status: 'void' | 'skipped'; reason: string } | null {
	const { kind, visit, patient } = message
	if (!message.isCurrent) return { status: 'void', reason: 'the visit has changed' }
	if (!trueIn[kind].includes(visit.status)) return { status: 'void', reason: `the visit is ${visit.status.replace('_', ' ')}` }
	if (message.accountStatus === 'disabled') return { status: 'void', reason: 'the account is disabled' }
	if (!message.isWanted) return { status: 'void', reason: 'the patient does not want these messages' }
	if (channel === 'email' && !patient.email) return { status: 'void', reason: 'the patient has no e-mail address' }
	if (channel === 'sms' && !patient.phone) return { status: 'void', reason: 'the patient has no phone number' }
	if (channel === 'push' && !patient.userId) return { status: 'void', reason: 'the patient has no account' }
	const tooLateMs = kind === 'cancelled' ? visit.endsAtMs : visit.startsAtMs
	return nowMs >= tooLateMs ? { status: 'skipped', reason: 'the visit has begun' } : null
}

/** The wait after a failed try: half a minute, doubled with each try, at most an hour, randomly a fifth shorter or longer. */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
	return Math.round(Math.min(30_000 * 2 ** Math.max(0, attempts - 1), 3_600_000) * (0.8 + 0.4 * random()))
}

/** The minutes of a day, in wall-clock time, between which no phone must ring; usually past midnight. */
export type QuietHours = { fromMinute: number; untilMinute: number }

export type Ringing = {
	kind: NotificationKind
	/** The lead of a reminder. */
	leadMinutes: number
	/** When the message would be sent without quiet hours. */
	dueMs: number
	/** When the booking wrote the message to the ledger. */
	createdMs: number
	visitMs: number
	/** The patient's zone. */
	timeZone: string
}

/** Reminders this close to the visit are sent at any hour: the patient is on the way. */
const urgentLeadMinutes = 15
/** A message that waits for the end of quiet hours must reach the patient at least this long before the visit. */
const latestBeforeVisitMs = 60 * 60_000
/** A reminder that cannot wait is sent this long before quiet hours begin. */
const beforeQuietMs = 15 * 60_000

/**
 * When to send a message that makes a phone ring; null for never.
 *
 * 1. A reminder up to fifteen minutes before the visit is always sent when due.
 * 2. A message that falls in quiet hours waits until they end, if they end at least an hour before the visit.
 * 3. A reminder that cannot wait is sent a quarter of an hour before they begin.
 * 4. A reminder is not sent when the visit was booked within these quiet hours: the patient has just heard of the booking.
 * 5. Every other message is sent when due: late at night is better than not at all.
 */
export function whenToRing(ringing: Ringing, quiet: QuietHours | undefined, nowMs: number): number | null {
	const { kind, leadMinutes, dueMs, createdMs, visitMs, timeZone } = ringing
	if (!quiet || (kind === 'reminder' && leadMinutes <= urgentLeadMinutes)) return dueMs
	const wantedMs = Math.max(dueMs, nowMs)
	const span = quietSpan(wantedMs, timeZone, quiet)
	if (!span) return dueMs
	if (span.untilMs <= visitMs - latestBeforeVisitMs) return span.untilMs
	if (kind !== 'reminder') return dueMs
	if (span.fromMs > nowMs) return Math.max(nowMs, span.fromMs - beforeQuietMs)
	return createdMs >= span.fromMs ? null : dueMs
}

/** The beginning and end of the quiet hours that contain an instant; null outside of them. */
export function quietSpan(
	atMs: number,
	timeZone: string,
	{ fromMinute, untilMinute }: QuietHours,
): { fromMs: number; untilMs: number } | null {
	const at = DateTime.fromMillis(atMs, { zone: timeZone })
	const days = [at.minus({ days: 1 }), at]
	for (const day of days) {
		const from = atMinute(day, fromMinute)
		const until = atMinute(fromMinute < untilMinute ? day : day.plus({ days: 1 }), untilMinute)
		if (from.toMillis() <= atMs && atMs < until.toMillis()) return { fromMs: from.toMillis(), untilMs: until.toMillis() }
	}
	return null
}

function atMinute(day: DateTime, minute: number) {
	return day.set({ hour: Math.floor(minute / 60), minute: minute % 60, second: 0, millisecond: 0 })
}
