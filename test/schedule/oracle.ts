import { DateTime } from 'luxon'
import type { TestSchedule } from './support.ts'

type Span = { starts_at: Date; ends_at: Date }

/** The slots that the rules ask for, computed one wall-clock time at a time, with another time zone database. */
export function expectedSlots(schedule: TestSchedule, days: number, now: Date): Span[] {
	const today = DateTime.fromJSDate(now, { zone: schedule.timeZone }).startOf('day')
	// One more day, because the last day's last slot may run into the next day's first slot.
	const all = Array.from({ length: days + 2 }, (_, n) => today.plus({ days: n }))
		.filter(valid)
		.flatMap(day => slotsOfDay(day, schedule))
		.sort((a, b) => a.starts_at.getTime() - b.starts_at.getTime())
	const horizon = today.plus({ days: days + 1 }).toJSDate()

	return all
		.filter((slot, i) => {
			const next = all[i + 1]
			return next === undefined || slot.ends_at <= next.starts_at
		})
		.filter(({ starts_at }) => starts_at > now && starts_at < horizon)

	function valid(day: DateTime) {
		const date = day.toISODate() as string
		return (!schedule.validFrom || date >= schedule.validFrom) && (!schedule.validUntil || date <= schedule.validUntil)
	}
}

const knownChanges = new Map<string, DateTime[]>()

/** The days of a year at which the zone's clocks change. */
export function clockChanges(zone: string, year: number): DateTime[] {
	const key = `${zone} ${year}`
	let changes = knownChanges.get(key)
	if (!changes) {
		const days = Array.from({ length: 366 }, (_, n) => DateTime.fromObject({ year }, { zone }).plus({ days: n }))
		changes = days.filter(day => day.plus({ days: 1 }).offset !== day.offset)
		knownChanges.set(key, changes)
	}
	return changes
}

function slotsOfDay(day: DateTime, { slotMinutes, weekly }: TestSchedule): Span[] {
	return weekly
		.filter(({ weekday }) => weekday === day.weekday)
		.flatMap(({ start, end }) => {
			const count = Math.floor((minutesOf(end) - minutesOf(start)) / slotMinutes)
			return Array.from({ length: Math.max(0, count) }, (_, n) => instantOf(day, minutesOf(start) + n * slotMinutes))
		})
		.filter(instant => instant !== undefined)
		.map(instant => ({ starts_at: instant.toJSDate(), ends_at: instant.plus({ minutes: slotMinutes }).toJSDate() }))
}

function minutesOf(time: string) {
	const [hours = 0, minutes = 0] = time.split(':').map(Number)
	return hours * 60 + minutes
}

/** The instant at which clocks in the zone show this time. Undefined when they skip it, the later one when they show it twice. */
export function instantOf(day: DateTime, minutes: number): DateTime | undefined {
	const { year, month, day: date, zoneName } = day
	const wall = { year, month, day: date, hour: Math.floor(minutes / 60), minute: minutes % 60 }
	const local = DateTime.fromObject(wall, { zone: zoneName as string })
	if (local.hour !== wall.hour || local.minute !== wall.minute) return undefined
	return local
		.getPossibleOffsets()
		.toSorted((a, b) => a.toMillis() - b.toMillis())
		.at(-1)
}
