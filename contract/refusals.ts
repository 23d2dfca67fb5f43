/** What a refusal means for the caller. */
export type RefusalProperties = {
	/** The status of the HTTP answer. */
	status: number
	title: string
	/**
	 * The same request may succeed later, and may have succeeded already. Clients repeat it with the same idempotency key: `automatic`
	 * after a pause and without a question, `on-request` when the person asks for it.
	 */
	retry?: 'automatic' | 'on-request'
	/** The requested slot cannot be had: the person chooses another. */
	losesSlot?: true
	/** The answer carries the nearest free slots. */
	offersAlternatives?: true
	/** Neither a repetition nor a correction helps: the requested thing is gone, over, or belongs to another person. */
	final?: true
}

/**
 * Every refusal a client can meet. The list is closed. It has a file of its own, so that the web client can read it without the
 * schemas and their library.
 */
export const refusals = {
	invalid_input: { status: 400, title: 'The request is malformed or out of range' },
	unauthenticated: { status: 401, title: 'Sign in first' },
	invalid_credentials: { status: 401, title: 'The credentials are wrong' },
	token_expired: { status: 401, title: 'The token has expired' },
	forbidden: { status: 403, title: 'You may not do this', final: true },
	account_pending: { status: 403, title: 'The account waits for approval' },
	account_disabled: { status: 403, title: 'The account is disabled' },
	second_factor_needed: { status: 403, title: 'Set up a second factor first' },
	not_found: { status: 404, title: 'There is no such thing', losesSlot: true, final: true },
	email_taken: { status: 409, title: 'The e-mail address is in use' },
	slot_booked: { status: 409, title: 'The slot is booked', losesSlot: true, offersAlternatives: true },
	slot_held: { status: 409, title: 'Someone else holds the slot', losesSlot: true, offersAlternatives: true },
	slot_blocked: { status: 409, title: 'The slot is blocked', losesSlot: true, offersAlternatives: true },
	slot_in_past: { status: 409, title: 'The slot has begun or passed', losesSlot: true, offersAlternatives: true },
	too_soon: { status: 409, title: 'This kind of visit has to be booked earlier', losesSlot: true, offersAlternatives: true },
	too_far: { status: 409, title: 'This kind of visit cannot be booked so far ahead', losesSlot: true, offersAlternatives: true },
	daily_limit: { status: 409, title: 'No more visits of this kind on that day', losesSlot: true, offersAlternatives: true },
	upcoming_limit: { status: 409, title: 'The patient has as many visits to come as the clinic allows', final: true },
	type_not_offered: { status: 409, title: 'This kind of visit is not offered here', losesSlot: true },
	offer_ended: { status: 409, title: 'The offer was answered, withdrawn or has run out', losesSlot: true, final: true },
	in_use: { status: 409, title: 'Future appointments need it', final: true },
	patient_overlap: { status: 409, title: 'The patient has another appointment at that time' },
	hold_expired: { status: 409, title: 'The hold is gone', losesSlot: true },
	hold_limit: { status: 429, title: 'Too many slots are held', retry: 'on-request' },
	too_late: { status: 409, title: 'It is too late for this', final: true },
	wrong_status: { status: 409, title: 'The appointment is not in a state that allows this', final: true },
	idempotency_mismatch: { status: 422, title: 'The idempotency key was used with another payload' },
	rate_limited: { status: 429, title: 'Too many requests', retry: 'automatic' },
	queue_full: { status: 503, title: 'Too many bookings are waiting', retry: 'automatic' },
	booking_pending: { status: 503, title: 'The outcome is not known yet', retry: 'automatic' },
	unsupported_picture: { status: 415, title: 'This is no PNG, JPEG or WebP picture' },
	payload_too_large: { status: 413, title: 'The message is too large' },
	internal: { status: 500, title: 'Something went wrong on our side', retry: 'on-request' },
} as const satisfies Record<string, RefusalProperties>

export type RefusalCode = keyof typeof refusals

export const refusalCodes = Object.keys(refusals) as [RefusalCode, ...RefusalCode[]]

/** The properties of a code; none for a code that a newer server introduced. */
export const refusalProperties = (code: string): Partial<RefusalProperties> =>
	(refusals as Record<string, Partial<RefusalProperties>>)[code] ?? {}
