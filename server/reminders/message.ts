import type { Language, NotificationChannel, NotificationKind } from '../../contract/index.ts'

/** A message about a visit, as every channel gets it; each takes from it what it needs. */
export type Message = {
	/** Of the ledger's row: providers and mail programs know a repetition by it. */
	id: string
	kind: NotificationKind
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
		typeName: string
		/** The doctor's, which the visit takes place in. */
		timeZone: string
	}
	links: {
		/** Shows the visit, and lets the patient confirm, cancel or move it. */
		visit: string
		unsubscribe: string
	}
}

/** What came of sending. Failures are values, because each kind of them is dealt with in its own way. */
export type Sending =
	| { sent: true; providerId: string }
	/** No repetition will help: a bounced address, an invalid number, no device left. */
	| { sent: false; failure: 'permanent'; reason: string }
	/** May pass by itself. */
	| { sent: false; failure: 'transient'; reason: string }
	/** The provider asks everybody to wait. */
	| { sent: false; failure: 'throttled'; reason: string; retryAfterMs: number }

/** A way to reach people. Another one is another file that makes one of these. */
export type Channel = {
	name: NotificationChannel
	/** Messages under way at a time. */
	concurrency: number
	/** Answers within `sendTimeoutMs`, whatever the provider does; never throws for what the provider does. */
	send(message: Message): Promise<Sending>
	stop(): Promise<void>
}

/** No send takes longer; a lease must outlast it. */
export const sendTimeoutMs = 20_000

/** What may be shown at the desk of what a provider said: one line, not too long. */
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
