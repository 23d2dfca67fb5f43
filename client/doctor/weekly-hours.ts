import type { Schedule, ScheduleInput, WeeklyHours } from '../../contract/index.ts'

/** One range of opening hours as it is edited; both ends may be empty. A `to` of `00:00` ends the day. */
export type Range = { key: string; from: string; to: string }

export type HoursDraft = {
	timeZone: string
	slotMinutes: number | ''
	/** By ISO weekday, 1 to 7. */
	days: Record<number, Range[]>
	validFrom: string | null
	validUntil: string | null
}

export const weekdays = [1, 2, 3, 4, 5, 6, 7] as const

let keys = 0
export const aRange = (from = '', to = ''): Range => ({ key: `range-${keys++}`, from, to })

const endsDay = (to: string) => to === '00:00'

export const toDraft = (schedule: Schedule): HoursDraft => ({
	timeZone: schedule.timeZone,
	slotMinutes: schedule.slotMinutes,
	days: Object.fromEntries(
		weekdays.map(weekday => [
			weekday,
			schedule.weekly.filter(hours => hours.weekday === weekday).map(({ start, end }) => aRange(start, end === '24:00' ? '00:00' : end)),
		]),
	),
	validFrom: schedule.validFrom ?? null,
	validUntil: schedule.validUntil ?? null,
})

const toHours = (weekday: number, { from, to }: Range): WeeklyHours => ({ weekday, start: from, end: endsDay(to) ? '24:00' : to })

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

export type RangeFault = 'incomplete' | 'backwards' | 'tooShort' | 'overlap'
export type Faults = {
	/** By the key of the range. */
	ranges: Record<string, RangeFault>
	slotMinutes?: true
	validUntil?: true
}

const faultOf = (range: Range, others: Range[], slotMinutes: number | ''): RangeFault | undefined => {
	const complete = ({ from, to }: Range) => from !== '' && to !== ''
	if (!complete(range)) return 'incomplete'
	const { start, end } = toHours(1, range)
	if (start >= end) return 'backwards'
	if (slotMinutes !== '' && minutesOf(end) - minutesOf(start) < slotMinutes) return 'tooShort'
	const overlaps = others.filter(complete).some(other => {
		const hours = toHours(1, other)
		return start < hours.end && hours.start < end
	})
	return overlaps ? 'overlap' : undefined
}

/** What keeps the draft from being saved; undefined when nothing does. */
export const faultsOf = ({ days, slotMinutes, validFrom, validUntil }: HoursDraft): Faults | undefined => {
	const ranges: Record<string, RangeFault> = {}
	for (const weekday of weekdays) {
		const own = days[weekday] ?? []
		for (const range of own) {
			const fault = faultOf(
				range,
				own.filter(other => other !== range),
				slotMinutes,
			)
			if (fault) ranges[range.key] = fault
		}
	}
	const slotsAreWrong = slotMinutes === '' || !Number.isInteger(slotMinutes) || slotMinutes < 5 || slotMinutes > 480
	const datesAreWrong = validFrom !== null && validUntil !== null && validFrom > validUntil
	if (Object.keys(ranges).length === 0 && !slotsAreWrong && !datesAreWrong) return undefined
	return { ranges, ...(slotsAreWrong && { slotMinutes: true }), ...(datesAreWrong && { validUntil: true }) }
}

/** A draft without faults as the server takes it. */
export const toInput = ({ timeZone, slotMinutes, days, validFrom, validUntil }: HoursDraft): ScheduleInput => ({
	timeZone,
	slotMinutes: Number(slotMinutes),
	weekly: weekdays.flatMap(weekday => (days[weekday] ?? []).map(range => toHours(weekday, range))),
	validFrom,
	validUntil,
})
