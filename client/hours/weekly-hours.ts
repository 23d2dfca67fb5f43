import type { OpenRange, Plan, PlanInput, WeeklyHours } from '../../contract/index.ts'

/** One range of hours as it is edited; both ends may be empty. A `to` of `00:00` ends the day. */
export type Range = { key: string; from: string; to: string; siteId?: string | undefined }

/** A plan as it is edited. An empty date is no limit. */
export type PlanDraft = {
	siteId: string
	slotMinutes: number | ''
	/** By ISO weekday, 1 to 7. */
	days: Record<number, Range[]>
	validFrom: string
	validUntil: string
}

export const weekdays = [1, 2, 3, 4, 5, 6, 7] as const

/** What the server keeps for hours that have always been valid. */
const fromTheBeginning = '1900-01-01'

export const validFromOf = ({ validFrom }: Pick<Plan, 'validFrom'>): string => (validFrom === fromTheBeginning ? '' : validFrom)

let keys = 0
export const aRange = (from = '', to = '', siteId?: string): Range => ({ key: `range-${keys++}`, from, to, siteId })

export const toDraft = (plan: Omit<Plan, 'id'>): PlanDraft => ({
	siteId: plan.siteId,
	slotMinutes: plan.slotMinutes,
	days: Object.fromEntries(weekdays.map(weekday => [weekday, toRanges(plan.weekly.filter(hours => hours.weekday === weekday))])),
	validFrom: validFromOf(plan),
	validUntil: plan.validUntil ?? '',
})

export const toRanges = (hours: readonly OpenRange[]): Range[] =>
	hours.map(({ start, end, siteId }) => aRange(start, end === '24:00' ? '00:00' : end, siteId))

/** The range without what only editing needs. */
export const toOpenRange = ({ from, to, siteId }: Range): OpenRange => ({
	start: from,
	end: to === '00:00' ? '24:00' : to,
	...(siteId && { siteId }),
})

export type RangeFault = 'incomplete' | 'backwards' | 'tooShort' | 'overlap'
export type Faults = {
	/** By the key of the range. */
	ranges: Record<string, RangeFault>
	slotMinutes?: true
	validUntil?: true
}

/** What keeps the draft from being saved; undefined when nothing does. */
export const faultsOf = ({ days, slotMinutes, validFrom, validUntil }: PlanDraft): Faults | undefined => {
	const ranges = Object.assign({}, ...weekdays.map(weekday => faultsIn(days[weekday] ?? [], slotMinutes))) as Faults['ranges']
	const slotsAreWrong = slotMinutes === '' || !Number.isInteger(slotMinutes) || slotMinutes < 5 || slotMinutes > 480
	const datesAreWrong = validFrom !== '' && validUntil !== '' && validFrom > validUntil
	if (Object.keys(ranges).length === 0 && !slotsAreWrong && !datesAreWrong) return undefined
	return { ranges, ...(slotsAreWrong && { slotMinutes: true }), ...(datesAreWrong && { validUntil: true }) }
}

/** The faults of a single day's ranges, by their keys. */
export const faultsIn = (ranges: readonly Range[], slotMinutes: number | ''): Faults['ranges'] => {
	const faults: Faults['ranges'] = {}
	for (const range of ranges) {
		const others = ranges.filter(other => other !== range)
		const fault = faultOf(range, others, slotMinutes)
		if (fault) faults[range.key] = fault
	}
	return faults
}

const faultOf = (range: Range, others: readonly Range[], slotMinutes: number | ''): RangeFault | undefined => {
	const complete = ({ from, to }: Range) => from !== '' && to !== ''
	if (!complete(range)) return 'incomplete'
	const { start, end } = toOpenRange(range)
	if (start >= end) return 'backwards'
	if (slotMinutes !== '' && minutesOf(end) - minutesOf(start) < slotMinutes) return 'tooShort'
	const overlaps = others.filter(complete).some(other => {
		const hours = toOpenRange(other)
		return start < hours.end && hours.start < end
	})
	return overlaps ? 'overlap' : undefined
}

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

/** A draft without faults as the server takes it. */
export const toInput = ({ siteId, slotMinutes, days, validFrom, validUntil }: PlanDraft): PlanInput => ({
	siteId,
	slotMinutes: Number(slotMinutes),
	weekly: weekdays.flatMap(weekday => (days[weekday] ?? []).map(range => ({ weekday, ...toOpenRange(range) }))),
	validFrom: validFrom || fromTheBeginning,
	validUntil: validUntil || null,
})

/** Copies the hours of one weekday to others, in place of what they had. */
export const copied = (days: PlanDraft['days'], from: number, to: readonly number[]): PlanDraft['days'] => ({
	...days,
	...Object.fromEntries(to.map(weekday => [weekday, (days[from] ?? []).map(range => aRange(range.from, range.to))])),
})

/** Weekdays that follow one another and have the same hours, together. Days without hours are left out. */
export const alikeDays = (weekly: readonly WeeklyHours[]): { first: number; last: number; ranges: OpenRange[] }[] => {
	const groups: { first: number; last: number; ranges: OpenRange[] }[] = []
	for (const weekday of weekdays) {
		const ranges = weekly.filter(hours => hours.weekday === weekday).map(({ start, end }) => ({ start, end }))
		if (ranges.length === 0) continue
		const before = groups.at(-1)
		if (before?.last === weekday - 1 && JSON.stringify(before.ranges) === JSON.stringify(ranges)) before.last = weekday
		else groups.push({ first: weekday, last: weekday, ranges })
	}
	return groups
}
