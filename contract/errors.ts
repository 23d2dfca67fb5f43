import { z } from 'zod'

/** Every refusal a client can meet, with its HTTP status and title. The list is closed. */
export const refusals = {
	invalid_input: { status: 400, title: 'The request is malformed or out of range' },
	unauthenticated: { status: 401, title: 'Sign in first' },
	invalid_credentials: { status: 401, title: 'The credentials are wrong' },
	token_expired: { status: 401, title: 'The token has expired' },
	forbidden: { status: 403, title: 'You may not do this' },
	account_pending: { status: 403, title: 'The account waits for approval' },
	account_disabled: { status: 403, title: 'The account is disabled' },
	second_factor_needed: { status: 403, title: 'Set up a second factor first' },
	not_found: { status: 404, title: 'There is no such thing' },
	email_taken: { status: 409, title: 'The e-mail address is in use' },
	slot_booked: { status: 409, title: 'The slot is booked' },
	slot_held: { status: 409, title: 'Someone else holds the slot' },
	slot_blocked: { status: 409, title: 'The slot is blocked' },
	slot_in_past: { status: 409, title: 'The slot has begun or passed' },
	patient_overlap: { status: 409, title: 'The patient has another appointment at that time' },
	hold_expired: { status: 409, title: 'The hold is gone' },
	hold_limit: { status: 429, title: 'Too many slots are held' },
	too_late: { status: 409, title: 'It is too late for this' },
	wrong_status: { status: 409, title: 'The appointment is not in a state that allows this' },
	idempotency_mismatch: { status: 422, title: 'The idempotency key was used with another payload' },
	rate_limited: { status: 429, title: 'Too many requests' },
	queue_full: { status: 503, title: 'Too many bookings are waiting' },
	booking_pending: { status: 503, title: 'The outcome is not known yet' },
	payload_too_large: { status: 413, title: 'The message is too large' },
	internal: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<string, { status: number; title: string }>

export type RefusalCode = keyof typeof refusals

export const refusalCodes = Object.keys(refusals) as [RefusalCode, ...RefusalCode[]]

export const InputError = z.object({ path: z.string(), message: z.string() })

const refusalExtras = {
	errors: z.array(InputError).optional(),
	alternatives: z.array(z.lazy(() => SlotOffer)).optional(),
	retryAfterSeconds: z.number().optional(),
	requestId: z.string().optional(),
}

/** A free slot offered in place of one that could not be taken. */
export const SlotOffer = z
	.object({
		id: z.string(),
		doctorId: z.string(),
		startsAt: z.string(),
		endsAt: z.string(),
		state: z.literal('free'),
	})
	.meta({ id: 'SlotOffer' })

export type SlotOffer = z.infer<typeof SlotOffer>

/** RFC 9457 problem details, the body of every HTTP error. */
export const Problem = z
	.object({
		type: z.string(),
		title: z.string(),
		status: z.number().int(),
		detail: z.string(),
		code: z.enum(refusalCodes),
		...refusalExtras,
	})
	.meta({ id: 'Problem' })

export type Problem = z.infer<typeof Problem>

/** The error inside a socket acknowledgement. */
export const AckError = z.object({ code: z.enum(refusalCodes), message: z.string(), ...refusalExtras }).meta({ id: 'AckError' })

export type AckError = z.infer<typeof AckError>

/** What some refusals carry beside what all may. */
export type RefusalExtra = Pick<AckError, 'alternatives'>

export type Ack<T> = ({ ok: true } & T) | { ok: false; error: AckError }
