import { z } from 'zod'
import { CalendarDate, Id, IdParams, PageQuery, pageOf, Text, WallTime } from './common.ts'
import { ScheduleInput, SchedulePreview, WeeklyHours } from './doctors.ts'
import { endpoint } from './endpoint.ts'

const Conflicts = z.array(Id).meta({ description: 'Upcoming appointments that lie outside what is open now. They stay as they are.' })

const planFields = {
	siteId: Id,
	slotMinutes: ScheduleInput.shape.slotMinutes,
	weekly: ScheduleInput.shape.weekly,
	validFrom: CalendarDate,
}

const isInOrder = ({ validFrom, validUntil }: { validFrom?: string | undefined; validUntil?: string | null | undefined }) =>
	!validFrom || !validUntil || validFrom <= validUntil

const outOfOrder = { message: 'validUntil must not be before validFrom', path: ['validUntil'] }

/** Weekly hours of a doctor at a site while they are valid: several a doctor, never two at one time. */
export const Plan = z
	.object({ id: Id, ...planFields, weekly: z.array(WeeklyHours), validUntil: CalendarDate.optional() })
	.meta({ id: 'Plan' })
export type Plan = z.infer<typeof Plan>

export const PlanInput = z.object({ ...planFields, validUntil: CalendarDate.nullish() }).refine(isInOrder, outOfOrder)
export type PlanInput = z.output<typeof PlanInput>

export const PlanChanges = z
	.object({ ...planFields, validUntil: CalendarDate.nullable() })
	.partial()
	.refine(isInOrder, outOfOrder)
export type PlanChanges = z.output<typeof PlanChanges>

export const OpenRange = z
	.object({ start: WallTime, end: WallTime, siteId: Id.optional() })
	.refine(({ start, end }) => start < end, { message: 'start must be before end', path: ['end'] })
	.meta({ id: 'OpenRange' })
export type OpenRange = z.infer<typeof OpenRange>

const overlap = (ranges: OpenRange[]) => ranges.some((a, i) => ranges.some((b, j) => i < j && a.start < b.end && b.start < a.end))

const Ranges = z
	.array(OpenRange)
	.max(20)
	.refine(ranges => !overlap(ranges), 'ranges must not overlap')

/** Hours of a single day, in place of the weekly ones. Without ranges it is a day off. */
export const DatedHours = z.object({ date: CalendarDate, ranges: z.array(OpenRange) }).meta({ id: 'DatedHours' })
export type DatedHours = z.infer<typeof DatedHours>

const closureFields = { siteId: Id.optional(), from: CalendarDate, to: CalendarDate, name: Text(100) }

/** Days on which a site, or without one the whole clinic, is closed. Both dates are inclusive. */
export const Closure = z.object({ id: Id, ...closureFields, name: z.string() }).meta({ id: 'Closure' })
export type Closure = z.infer<typeof Closure>

export const ClosureInput = z
	.object(closureFields)
	.refine(({ from, to }) => from <= to, { message: 'to must not be before from', path: ['to'] })
export type ClosureInput = z.output<typeof ClosureInput>

export const ClosurePreview = z
	.object({ removed: z.number().int().meta({ description: 'How many free slots would go.' }), conflicts: Conflicts })
	.meta({ id: 'ClosurePreview' })
export type ClosurePreview = z.infer<typeof ClosurePreview>

const maxYearDays = 366

/** As long as a year, because the hours of a year are shown in one calendar. */
const YearRange = z
	.object({ from: CalendarDate, to: CalendarDate })
	.refine(({ from, to }) => from <= to, { message: 'to must not be before from', path: ['to'] })
	.refine(({ from, to }) => (Date.parse(to) - Date.parse(from)) / 86_400_000 < maxYearDays, {
		message: `must span at most ${maxYearDays} days`,
		path: ['to'],
	})

const WithConflicts = z.object({ conflicts: Conflicts })

const tag = 'Doctors and schedules'
const planParams = z.object({ id: Id, planId: Id })
const dateParams = z.object({ id: Id, date: CalendarDate })

export const scheduleEndpoints = {
	listPlans: endpoint({
		method: 'get',
		path: '/doctors/:id/plans',
		tag,
		summary: 'The doctor’s plans, by validity.',
		access: 'anyone',
		params: IdParams,
		response: pageOf(Plan),
		refusals: ['not_found'],
	}),
	createPlan: endpoint({
		method: 'post',
		path: '/doctors/:id/plans',
		tag,
		summary:
			'Add weekly hours from a date on. Slots follow at once; a plan that is in force then ends the day before, and goes on afterwards.',
		access: ['doctor', 'admin'],
		params: IdParams,
		body: PlanInput,
		status: 201,
		response: Plan.extend(WithConflicts.shape),
		refusals: ['not_found'],
	}),
	previewNewPlan: endpoint({
		method: 'post',
		path: '/doctors/:id/plans/preview',
		tag,
		summary: 'What adding a plan would change, within its validity. Nothing is changed.',
		access: ['doctor', 'admin'],
		params: IdParams,
		body: PlanInput,
		response: SchedulePreview,
		refusals: ['not_found'],
	}),
	previewPlan: endpoint({
		method: 'post',
		path: '/doctors/:id/plans/:planId/preview',
		tag,
		summary: 'What changing or removing a plan would change, within its validity before and after. Nothing is changed.',
		access: ['doctor', 'admin'],
		params: planParams,
		body: PlanChanges.safeExtend({ remove: z.literal(true).optional() }),
		response: SchedulePreview,
		refusals: ['not_found'],
	}),
	updatePlan: endpoint({
		method: 'patch',
		path: '/doctors/:id/plans/:planId',
		tag,
		summary: 'Change what is named of a plan; null removes the end of its validity.',
		access: ['doctor', 'admin'],
		params: planParams,
		body: PlanChanges,
		response: Plan.extend(WithConflicts.shape),
		refusals: ['not_found'],
	}),
	removePlan: endpoint({
		method: 'delete',
		path: '/doctors/:id/plans/:planId',
		tag,
		summary: 'Remove a plan. Its free slots go; appointments stay, and are reported.',
		access: ['doctor', 'admin'],
		params: planParams,
		response: WithConflicts,
		refusals: ['not_found'],
	}),
	listDatedHours: endpoint({
		method: 'get',
		path: '/doctors/:id/hours',
		tag,
		summary: 'Days with hours of their own, between two dates, at most a year apart.',
		access: 'anyone',
		params: IdParams,
		query: YearRange,
		response: pageOf(DatedHours),
		refusals: ['not_found'],
	}),
	putDatedHours: endpoint({
		method: 'put',
		path: '/doctors/:id/hours/:date',
		tag,
		summary: 'Give a day its own hours, in place of the weekly ones. No ranges: a day off.',
		access: ['doctor', 'admin'],
		params: dateParams,
		body: z.object({ ranges: Ranges }),
		response: DatedHours.extend(WithConflicts.shape),
		refusals: ['not_found'],
	}),
	previewDatedHours: endpoint({
		method: 'post',
		path: '/doctors/:id/hours/:date/preview',
		tag,
		summary: 'What giving a day its own hours would change; null returns it to the weekly ones. Nothing is changed.',
		access: ['doctor', 'admin'],
		params: dateParams,
		body: z.object({ ranges: Ranges.nullable() }),
		response: SchedulePreview,
		refusals: ['not_found'],
	}),
	removeDatedHours: endpoint({
		method: 'delete',
		path: '/doctors/:id/hours/:date',
		tag,
		summary: 'Return a day to the weekly hours.',
		access: ['doctor', 'admin'],
		params: dateParams,
		response: WithConflicts,
		refusals: ['not_found'],
	}),
	listClosures: endpoint({
		method: 'get',
		path: '/closures',
		tag,
		summary: 'Days on which the clinic or one of its sites is closed, by date.',
		access: 'anyone',
		query: PageQuery.extend({ from: CalendarDate.optional(), to: CalendarDate.optional() }),
		response: pageOf(Closure),
	}),
	createClosure: endpoint({
		method: 'post',
		path: '/closures',
		tag,
		summary: 'Close a site, or without one all sites, for some days. Appointments stay, and are reported.',
		access: ['admin'],
		body: ClosureInput,
		status: 201,
		response: Closure.extend(WithConflicts.shape),
	}),
	previewClosure: endpoint({
		method: 'post',
		path: '/closures/preview',
		tag,
		summary: 'What a closure would close. Nothing is changed.',
		access: ['admin'],
		body: ClosureInput,
		response: ClosurePreview,
	}),
	previewClosureRemoval: endpoint({
		method: 'post',
		path: '/closures/:id/preview',
		tag,
		summary: 'What opening those days again would bring back. Nothing is changed.',
		access: ['admin'],
		params: IdParams,
		response: z.object({ created: z.number().int().meta({ description: 'How many slots would come back.' }) }),
		refusals: ['not_found'],
	}),
	removeClosure: endpoint({
		method: 'delete',
		path: '/closures/:id',
		tag,
		summary: 'Open those days again.',
		access: ['admin'],
		params: IdParams,
		refusals: ['not_found'],
	}),
}
