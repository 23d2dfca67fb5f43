import type { AppointmentStatus, NotificationChannel, NotificationKind } from '../../contract/index.ts'
import type { DueMessage } from './ledger.ts'

/** Tries before a message is given up: some three hours with the waits between them. */
export const maxAttempts = 10

/** Statuses of a visit in which a message about it is still true. */
const trueIn: Record<NotificationKind, readonly AppointmentStatus[]> = {
	reminder: ['booked'],
	booked: ['booked', 'checked_in'],
	rescheduled: ['booked', 'checked_in'],
	cancelled: ['cancelled'],
}

/** Why a message is not sent after all; null when it is. Looked at immediately before sending. */
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

/** The wait after a failed try: half a minute, doubled each time, an hour at most, spread by a fifth either way. */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
	return Math.round(Math.min(30_000 * 2 ** Math.max(0, attempts - 1), 3_600_000) * (0.8 + 0.4 * random()))
}
