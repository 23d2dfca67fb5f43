import { DateTime } from 'luxon'
import type { NotificationKind } from '../../contract/index.ts'

/** Wall-clock minutes of a day between which nobody's phone is to ring; usually past midnight. */
export type QuietHours = { fromMinute: number; untilMinute: number }

export type Ringing = {
	kind: NotificationKind
	/** Of a reminder. */
	leadMinutes: number
	/** When it would go out if there were no quiet hours. */
	dueMs: number
	/** When it was written into the ledger: with the booking. */
	createdMs: number
	visitMs: number
	/** The patient's zone. */
	timeZone: string
}

/** Reminders this close to the visit are sent whatever the hour: who gets one is on the way. */
const urgentLeadMinutes = 15
/** What is put off reaches the patient at least this long before the visit. */
const latestBeforeVisitMs = 60 * 60_000
/** What cannot wait is sent this long before quiet hours begin. */
const beforeQuietMs = 15 * 60_000

/**
 * When a message that makes a phone ring goes out; null when it does not.
 *
 * 1. A reminder up to fifteen minutes before the visit is always sent when due.
 * 2. What falls in quiet hours waits until they end, if that is at least an hour before the visit.
 * 3. A reminder that cannot wait is sent a quarter of an hour before they begin.
 * 4. Of a reminder for which they had begun when the visit was booked nothing is left to say: the booking was just told.
 * 5. Anything else is sent when due: late at night is better than not at all.
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

/** The quiet hours that an instant falls in: their two ends. */
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
