import type { Language, NotificationChannel, NotificationKind } from '../../contract/index.ts'
import type { VisitFace } from './visit-face.ts'

/** A message about a visit. Every channel receives it whole, and uses what it needs. */
export type Message = {
	/** The id of the ledger's row, by which providers and mail programs recognise a repetition. */
	id: string
	kind: NotificationKind
	/** Of a notice: what the desk wrote. */
	text?: string | undefined
	/** Of a message that offers a visit, which is not booked yet. */
	offer?: OfferSaid | undefined
	patient: {
		id: string
		fullName: string
		email: string | null
		phone: string | null
		userId: string | null
		language: Language
	}
	visit: {
		id: string
		/** Grows with every change, as in iCalendar. */
		sequence: number
		startsAtMs: number
		endsAtMs: number
		updatedAtMs: number
		doctorName: string
		/** The doctor's zone, in which the visit takes place. */
		timeZone: string
		face: VisitFace
	}
	links: {
		/** Shows the visit, and lets the patient confirm, cancel or move it. */
		visit: string
		unsubscribe: string
	}
}

/** What a message says of an offer: `insteadMs` is the start of the visit that would move. */
export type OfferSaid = { id: string; why: 'waitlist' | 'absence'; insteadMs: number | undefined }

/** The outcome of sending. Failures are values, because each kind needs its own treatment. */
export type Sending =
	| { sent: true; providerId: string }
	/** A repetition cannot help: a bounced address, an invalid number, no device left. */
	| { sent: false; failure: 'permanent'; reason: string }
	/** A repetition may succeed. */
	| { sent: false; failure: 'transient'; reason: string }
	/** The provider asks to wait with all messages. */
	| { sent: false; failure: 'throttled'; reason: string; retryAfterMs: number }

/** A way to reach patients. A new way is a new file that creates a `Channel`. */
export type Channel = {
	name: NotificationChannel
	/** How many messages are under way at a time. */
	concurrency: number
	/** Resolves within `sendTimeoutMs`, and never rejects, whatever the provider does. */
	send(message: Message): Promise<Sending>
	stop(): Promise<void>
}

/** The longest that a channel may take to send. A lease must outlast it. */
export const sendTimeoutMs = 20_000

/** Shortens a provider's text to one line that the desk may see. */
export function oneLine(text: string, maxLength = 300): string {
	return (
		text
			// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
			.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
			.trim()
			.slice(0, maxLength)
	)
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | null | undefined, nowMs: number, otherwiseMs = 30_000): number {
	if (!header) return otherwiseMs
	const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs
	return Number.isFinite(ms) ? Math.min(Math.max(ms, 1000), 3_600_000) : otherwiseMs
}
