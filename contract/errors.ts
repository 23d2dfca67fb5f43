import { z } from 'zod'
import { refusalCodes, refusalProperties } from './refusals.ts'

export const InputError = z.object({ path: z.string(), message: z.string() })

const refusalExtras = {
	errors: z.array(InputError).optional(),
	alternatives: z.array(z.lazy(() => SlotOffer)).optional(),
	conflicts: z.array(z.string()).optional().meta({ description: 'Of `in_use`: up to 100 future appointments, the earliest first.' }),
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

/** The fields that only refusals with certain codes carry. */
export type RefusalExtra = Pick<AckError, 'alternatives' | 'conflicts'>

export type Ack<T> = ({ ok: true } & T) | { ok: false; error: AckError }

/** The codes that say that a slot cannot be had, and why. Their answers carry the nearest free slots. */
export const slotRefusals = refusalCodes.filter(code => refusalProperties(code).offersAlternatives)
