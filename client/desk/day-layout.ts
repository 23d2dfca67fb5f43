import type { Doctor, Slot } from '../../contract/index.ts'
import type { LiveCalendar } from '../api/calendar.ts'

/** A slot with its place in the day: minutes of the doctor's wall clock. */
export type Cell = { slot: Slot; minute: number; minutes: number }

/** A doctor's day: what one column shows. */
export type Lane = { doctor: Doctor; date: string }

export type Column = Lane & { calendar: LiveCalendar; cells: readonly Cell[] }

export type RowCell = {
	column: number
	doctor: Doctor
	cell: Cell
	/** Changes of this calendar arrive. */
	live: boolean
	/** Belongs to the same visit as the slot above. */
	continues: boolean
}

/** What starts at the same time of day, column by column. */
export type Row = { minute: number; cells: readonly RowCell[] }

const clocks = new Map<string, Intl.DateTimeFormat>()

const clockOf = (timeZone: string) => {
	let clock = clocks.get(timeZone)
	if (!clock) {
		clock = new Intl.DateTimeFormat('en-CA', {
			timeZone,
			hourCycle: 'h23',
			year: 'numeric',
			month: '2-digit',
			day: '2-digit',
			hour: '2-digit',
			minute: '2-digit',
		})
		clocks.set(timeZone, clock)
	}
	return clock
}

/** What a zone's clocks and calendars show at an instant, as if it were UTC. */
export const wallClock = (instant: string, timeZone: string): Date => {
	const part = Object.fromEntries(
		clockOf(timeZone)
			.formatToParts(new Date(instant))
			.map(({ type, value }) => [type, Number(value)]),
	) as Record<'year' | 'month' | 'day' | 'hour' | 'minute', number>
	return new Date(Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute))
}

type Place = { date: string; cell: Cell }

// A slot that did not change is the same object: neither its place is worked out again, nor its cell drawn.
const places = new WeakMap<Slot, Place>()

const placeOf = (slot: Slot, timeZone: string): Place => {
	const known = places.get(slot)
	if (known) return known
	const clock = wallClock(slot.startsAt, timeZone)
	const place = {
		date: clock.toISOString().slice(0, 10),
		cell: {
			slot,
			minute: clock.getUTCHours() * 60 + clock.getUTCMinutes(),
			minutes: (Date.parse(slot.endsAt) - Date.parse(slot.startsAt)) / 60_000,
		},
	}
	places.set(slot, place)
	return place
}

/** The slots of one date in the doctor's zone, by time. Those after a clock that was set back come below those before. */
const cellsOf = (calendar: LiveCalendar, doctor: Doctor, date: string): readonly Cell[] => {
	const zone = calendar.timeZone ?? doctor.timeZone
	const cells: Cell[] = []
	let end = 0
	for (const slot of [...calendar.slots.values()].sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1))) {
		const place = placeOf(slot, zone)
		if (place.date !== date) continue
		const cell = place.cell.minute < end ? { ...place.cell, minute: end } : place.cell
		cells.push(cell)
		end = cell.minute + cell.minutes
	}
	return cells
}

const drawn = new WeakMap<LiveCalendar, Map<string, Column>>()

/** The same object for as long as nothing of that doctor's day changed. */
export const columnOf = ({ doctor, date }: Lane, calendar: LiveCalendar): Column => {
	const days = drawn.get(calendar) ?? new Map<string, Column>()
	drawn.set(calendar, days)
	const before = days.get(date)
	if (before?.doctor === doctor) return before
	const column = { doctor, calendar, date, cells: cellsOf(calendar, doctor, date) }
	days.set(date, column)
	return column
}

const isSame = (a: RowCell | undefined, b: RowCell) =>
	a?.cell === b.cell && a.column === b.column && a.doctor === b.doctor && a.live === b.live && a.continues === b.continues

/** The day by times. A row in which nothing changed is the same object as before, so that it need not be drawn again. */
export const rowsOf = (columns: readonly Column[], before: readonly Row[] = []): Row[] => {
	const rows = new Map<number, RowCell[]>()
	columns.forEach(({ doctor, calendar, cells }, column) => {
		const live = calendar.state === 'live'
		cells.forEach((cell, index) => {
			const { appointment } = cell.slot
			const continues = appointment !== undefined && cells[index - 1]?.slot.appointment?.id === appointment.id
			const entry = { column, doctor, cell, live, continues }
			const row = rows.get(cell.minute)
			if (row) row.push(entry)
			else rows.set(cell.minute, [entry])
		})
	})
	const known = new Map(before.map(row => [row.minute, row]))
	return [...rows]
		.sort(([a], [b]) => a - b)
		.map(([minute, cells]) => {
			const row = known.get(minute)
			return row?.cells.length === cells.length && cells.every((cell, index) => isSame(row.cells[index], cell)) ? row : { minute, cells }
		})
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

export type Scale = {
	/** The first minute of the day that is shown. */
	from: number
	/** Minutes of one line of the grid. */
	unit: number
	lines: number
	pixelsPerMinute: number
}

const shortestPixels = 38
/** One line of small print. */
const leastPixels = 11

/** A grid fine enough for every slot, and tall enough for the shortest; or, with a height to fit into, as tall as that. */
export const scaleOf = (columns: readonly Column[], fitPixels?: number): Scale => {
	let from = 24 * 60
	let until = 0
	let unit = 60
	let shortest = 60
	for (const { cells } of columns) {
		for (const { minute, minutes } of cells) {
			from = Math.min(from, minute)
			until = Math.max(until, minute + minutes)
			shortest = Math.min(shortest, minutes)
			unit = commonDivisor(commonDivisor(unit, minute), minutes)
		}
	}
	if (until === 0) return { from: 0, unit: 60, lines: 0, pixelsPerMinute: 1 }
	from = Math.floor(from / 60) * 60
	const lines = Math.ceil((until - from) / unit)
	const roomy = Math.max(1.5, shortestPixels / shortest)
	const fitting = fitPixels === undefined ? roomy : Math.max(fitPixels / (lines * unit), leastPixels / shortest)
	return { from, unit, lines, pixelsPerMinute: Math.min(roomy, fitting) }
}
