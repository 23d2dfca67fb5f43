import { z } from 'zod'
import { Appointment } from './appointments.ts'
import { Slot } from './calendar.ts'
import { CalendarDate, Id, IdParams, Instant, InstantInput, PageQuery, pageOf, Text, WallTime } from './common.ts'
import { endpoint } from './endpoint.ts'
import type { RefusalCode } from './refusals.ts'
import { staffRoles } from './roles.ts'

const DayOrInstant = z.union([CalendarDate, InstantInput])
const ids = (atMost: number) => z.array(Id).min(1).max(atMost)

export const EntryPriority = z.enum(['normal', 'urgent'])
export const EntryStatus = z.enum(['waiting', 'offered', 'booked', 'left', 'expired'])

/** What a patient waits for. Without doctors and without a specialty: any doctor who offers the type. */
const wish = {
	doctorIds: ids(50).optional(),
	specialty: Text(120).optional(),
	siteIds: ids(50).optional(),
	from: DayOrInstant,
	until: DayOrInstant.meta({ description: 'A date is inclusive.' }),
	weekdays: z.array(z.number().int().min(1).max(7)).min(1).max(7).optional(),
	between: z
		.object({ start: WallTime, end: WallTime })
		.refine(({ start, end }) => start < end, { message: 'must be after start', path: ['end'] })
		.optional()
		.meta({ description: 'Wall-clock times in the doctor’s zone.' }),
	noticeMinutes: z
		.number()
		.int()
		.min(0)
		.max(60 * 24 * 60)
		.meta({ description: 'How long before a visit the patient must know of it.' }),
}

export const WaitlistEntry = z
	.object({
		id: Id,
		patientId: Id,
		typeId: Id,
		...wish,
		replaces: Id.optional().meta({ description: 'The visit that an accepted offer moves.' }),
		priority: EntryPriority,
		status: EntryStatus,
		position: z.number().int().meta({ description: 'One more than the number of entries that are asked first; 0 when not in line.' }),
		patientName: z.string().optional(),
		createdAt: Instant,
	})
	.meta({ id: 'WaitlistEntry' })
export type WaitlistEntry = z.infer<typeof WaitlistEntry>

export const WaitlistInput = z
	.object({
		...wish,
		noticeMinutes: wish.noticeMinutes.default(120),
		patientId: Id.optional().meta({ description: 'Staff say for whom.' }),
		typeId: Id,
		replaces: Id.optional(),
		priority: EntryPriority.default('normal'),
	})
	.refine(({ from, until }) => from.slice(0, 10) <= until.slice(0, 10), { message: 'must not be before from', path: ['until'] })
	.refine(({ doctorIds, specialty }) => !doctorIds || specialty === undefined, { message: 'not with doctorIds', path: ['specialty'] })
export type WaitlistInput = z.infer<typeof WaitlistInput>

export const WaitlistChanges = z
	.object({ ...wish, priority: EntryPriority, status: z.enum(['waiting', 'left']) })
	.partial()
	.extend({ between: wish.between.nullable(), weekdays: wish.weekdays.nullable(), siteIds: wish.siteIds.nullable() })
export type WaitlistChanges = z.infer<typeof WaitlistChanges>

export const OfferStatus = z.enum(['sending', 'open', 'accepted', 'declined', 'expired', 'withdrawn'])
export type OfferStatus = z.infer<typeof OfferStatus>

export const Offer = z
	.object({
		id: Id,
		doctorId: Id,
		slotIds: z.array(Id),
		startsAt: Instant,
		endsAt: Instant,
		patientId: Id,
		typeId: Id,
		why: z.enum(['waitlist', 'absence']),
		entryId: Id.optional(),
		rebookingId: Id.optional(),
		replaces: Id.optional(),
		status: OfferStatus,
		expiresAt: Instant.optional().meta({ description: 'Known once the message was handed to its provider.' }),
		appointmentId: Id.optional().meta({ description: 'Of an accepted offer.' }),
		patientName: z.string().optional(),
		doctorName: z.string().optional(),
		createdAt: Instant,
	})
	.meta({ id: 'Offer' })
export type Offer = z.infer<typeof Offer>

export const OfferChanged = z.object({ offer: Offer }).meta({ id: 'OfferChanged' })

export const RebookingVisit = z.object({
	appointmentId: Id,
	patientId: Id,
	patientName: z.string(),
	phone: z.string().optional(),
	startsAt: Instant,
	do: z.enum(['offer', 'cancel', 'keep']),
	status: z.enum(['pending', 'offered', 'accepted', 'declined', 'expired', 'cancelled', 'kept', 'unreachable', 'failed', 'undone']),
	offerId: Id.optional(),
	slotId: Id.optional(),
	refusal: z.string().optional().meta({ description: 'Why the place could not be offered, or the visit not cancelled.' }),
})
export type RebookingVisit = z.infer<typeof RebookingVisit>

export const Rebooking = z
	.object({
		id: Id,
		doctorId: Id,
		startsAt: Instant,
		endsAt: Instant,
		reason: z.string().optional(),
		answerBy: Instant,
		createdAt: Instant,
		undoneAt: Instant.optional(),
		counts: z.object({
			offered: z.number().int(),
			accepted: z.number().int(),
			declined: z.number().int(),
			expired: z.number().int(),
			cancelled: z.number().int(),
			kept: z.number().int(),
			unreachable: z.number().int(),
		}),
		visits: z.array(RebookingVisit),
	})
	.meta({ id: 'Rebooking' })
export type Rebooking = z.infer<typeof Rebooking>

export const RebookingChanged = z.object({ rebooking: Rebooking }).meta({ id: 'RebookingChanged' })

const Absence = z.object({ startsAt: InstantInput, endsAt: InstantInput })
const isForward = ({ startsAt, endsAt }: { startsAt: string; endsAt: string }) => Date.parse(startsAt) < Date.parse(endsAt)
const forward = { message: 'must be after startsAt', path: ['endsAt'] }

export const AbsenceInput = Absence.extend({
	reason: Text(500).optional(),
	visits: z
		.array(z.object({ appointmentId: Id, do: z.enum(['offer', 'cancel', 'keep']), slotId: Id.optional() }))
		.max(500)
		.default([])
		.meta({ description: 'Visits of the span that are not named are kept. Without a slot, an offer takes the proposal.' }),
	answerByMinutes: z
		.number()
		.positive()
		.max(60 * 24 * 14)
		.default(24 * 60),
}).refine(isForward, forward)
export type AbsenceInput = z.infer<typeof AbsenceInput>

export const AbsencePreview = z
	.object({
		visits: z.array(
			z.object({
				appointmentId: Id,
				patientId: Id,
				patientName: z.string(),
				typeId: Id,
				startsAt: Instant,
				endsAt: Instant,
				status: Appointment.shape.status,
				proposal: Slot.extend({ doctorName: z.string() }).nullable(),
			}),
		),
	})
	.meta({ id: 'AbsencePreview' })
export type AbsencePreview = z.infer<typeof AbsencePreview>

const tag = 'Offers'
const planners = ['doctor', ...staffRoles] as const
const byLink = z.object({
	link: z.string().min(1).max(200).optional().meta({ description: 'The token of the link in the message, in place of an account.' }),
})
const queueRefusals: readonly RefusalCode[] = ['queue_full', 'booking_pending', 'idempotency_mismatch']
const slotCodes: readonly RefusalCode[] = [
	'slot_booked',
	'slot_held',
	'slot_blocked',
	'slot_in_past',
	'patient_overlap',
	'type_not_offered',
]

export const offerEndpoints = {
	listWaitlist: endpoint({
		method: 'get',
		path: '/waitlist',
		tag,
		summary: 'Who waits, in order: one’s own entries, all for staff.',
		access: ['patient', ...staffRoles],
		reveals: 'waitlist_entry',
		query: PageQuery.extend({ status: EntryStatus.optional(), patientId: Id.optional(), doctorId: Id.optional() }),
		response: pageOf(WaitlistEntry),
	}),
	addToWaitlist: endpoint({
		method: 'post',
		path: '/waitlist',
		tag,
		summary: 'Wait for a slot: patients for themselves, staff for any patient. A slot that becomes free is offered to the first it suits.',
		access: ['patient', ...staffRoles],
		body: WaitlistInput,
		status: 201,
		response: WaitlistEntry,
		refusals: ['not_found', 'type_not_offered', 'wrong_status', 'hold_limit'],
	}),
	updateWaitlistEntry: endpoint({
		method: 'patch',
		path: '/waitlist/:id',
		tag,
		summary: 'Change what one waits for. The place in line stays.',
		access: ['patient', ...staffRoles],
		params: IdParams,
		body: WaitlistChanges,
		response: WaitlistEntry,
		refusals: ['not_found', 'wrong_status'],
	}),
	leaveWaitlist: endpoint({
		method: 'delete',
		path: '/waitlist/:id',
		tag,
		summary: 'Leave the line. An open offer is declined.',
		access: ['patient', ...staffRoles],
		params: IdParams,
		refusals: ['not_found'],
	}),
	listOffers: endpoint({
		method: 'get',
		path: '/offers',
		tag,
		summary: 'One’s own offers, all for staff; the newest first.',
		access: ['patient', ...staffRoles],
		reveals: 'offer',
		query: PageQuery.extend({
			status: z
				.string()
				.transform(text => text.split(','))
				.pipe(z.array(OfferStatus))
				.optional(),
			patientId: Id.optional(),
			doctorId: Id.optional(),
		}),
		response: pageOf(Offer),
	}),
	makeOffer: endpoint({
		method: 'post',
		path: '/offers',
		tag,
		summary: 'Offer a free slot to a patient.',
		access: staffRoles,
		body: z.object({
			slotId: Id,
			patientId: Id,
			typeId: Id.optional(),
			replaces: Id.optional(),
			expiresInMinutes: z
				.number()
				.positive()
				.max(60 * 24 * 14)
				.optional(),
		}),
		status: 201,
		response: Offer,
		repeatable: true,
		refusals: ['not_found', 'wrong_status', ...slotCodes, ...queueRefusals],
	}),
	getOffer: endpoint({
		method: 'get',
		path: '/offers/:id',
		tag,
		summary: 'One offer.',
		access: ['patient', ...staffRoles],
		reveals: 'offer',
		params: IdParams,
		response: Offer,
		refusals: ['not_found'],
	}),
	acceptOffer: endpoint({
		method: 'post',
		path: '/offers/:id/accept',
		tag,
		summary: 'Take the offered slot, in place of the visit that it replaces if there is one. Own, staff, or by the link in the message.',
		access: 'anyone',
		params: IdParams,
		body: byLink,
		response: Appointment,
		repeatable: true,
		refusals: [
			'unauthenticated',
			'not_found',
			'offer_ended',
			'wrong_status',
			'patient_overlap',
			'daily_limit',
			...slotCodes,
			...queueRefusals,
		],
	}),
	declineOffer: endpoint({
		method: 'post',
		path: '/offers/:id/decline',
		tag,
		summary: 'Do not take the slot: the next in line is asked. Own, staff, or by the link in the message.',
		access: 'anyone',
		params: IdParams,
		body: byLink,
		response: Offer,
		repeatable: true,
		refusals: ['unauthenticated', 'not_found', 'offer_ended', ...queueRefusals],
	}),
	withdrawOffer: endpoint({
		method: 'post',
		path: '/offers/:id/withdraw',
		tag,
		summary: 'Take an offer back.',
		access: staffRoles,
		params: IdParams,
		response: Offer,
		repeatable: true,
		refusals: ['not_found', 'offer_ended', ...queueRefusals],
	}),
	previewAbsence: endpoint({
		method: 'post',
		path: '/doctors/:id/absences/preview',
		tag,
		summary: 'The visits of a doctor who will be away, each with a proposed place. Nothing is changed.',
		access: planners,
		isLong: true,
		reveals: 'appointment',
		params: IdParams,
		body: Absence.refine(isForward, forward),
		response: AbsencePreview,
		refusals: ['not_found'],
	}),
	addAbsence: endpoint({
		method: 'post',
		path: '/doctors/:id/absences',
		tag,
		summary: 'The doctor is away: blocks the span, offers or cancels its visits, and ends their reminders.',
		access: planners,
		params: IdParams,
		body: AbsenceInput,
		status: 201,
		response: Rebooking,
		refusals: ['not_found'],
	}),
	getRebooking: endpoint({
		method: 'get',
		path: '/rebookings/:id',
		tag,
		summary: 'How the patients of an absence have answered.',
		access: planners,
		reveals: 'rebooking',
		params: IdParams,
		response: Rebooking,
		refusals: ['not_found'],
	}),
	listRebookings: endpoint({
		method: 'get',
		path: '/rebookings',
		tag,
		summary: 'Absences, the newest first.',
		access: planners,
		reveals: 'rebooking',
		query: PageQuery,
		response: pageOf(Rebooking),
	}),
	undoRebooking: endpoint({
		method: 'post',
		path: '/rebookings/:id/undo',
		tag,
		summary: 'The doctor is there after all: opens the span, and withdraws the offers that nobody has answered.',
		access: planners,
		params: IdParams,
		response: Rebooking,
		refusals: ['not_found', 'wrong_status'],
	}),
}
