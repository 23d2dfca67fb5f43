import type { Cell, Column } from './day-layout.ts'

export type Direction = 'up' | 'down' | 'before' | 'after'

/** Left and right are the screen's; before and after are the columns' order. */
export const directionOfKey = (key: string, writing: 'ltr' | 'rtl'): Direction | undefined => {
	if (key === 'ArrowUp') return 'up'
	if (key === 'ArrowDown') return 'down'
	if (key === 'ArrowLeft') return writing === 'rtl' ? 'after' : 'before'
	if (key === 'ArrowRight') return writing === 'rtl' ? 'before' : 'after'
	return undefined
}

/** Whether a slot can be taken now: never on a calendar whose changes do not arrive. */
export const isOpen = ({ slot }: Cell, { calendar }: Column): boolean =>
	calendar.state === 'live' &&
	((slot.state === 'free' && Date.parse(slot.startsAt) > Date.now()) || (slot.state === 'held' && slot.heldByMe === true))

type Wanted = (cell: Cell, column: Column) => boolean

export const findCell = (columns: readonly Column[], slotId: string | undefined) => {
	if (slotId === undefined) return undefined
	for (const [index, column] of columns.entries()) {
		const row = column.cells.findIndex(({ slot }) => slot.id === slotId)
		const cell = column.cells[row]
		if (cell) return { index, row, column, cell }
	}
	return undefined
}

const nearest = (column: Column, minute: number, wanted: Wanted): Cell | undefined => {
	let best: Cell | undefined
	for (const cell of column.cells) {
		if (!wanted(cell, column)) continue
		if (!best || Math.abs(cell.minute - minute) < Math.abs(best.minute - minute)) best = cell
	}
	return best
}

/** The next wanted slot in a direction; sideways, the nearest in time of the next doctor with a wanted one. */
export const step = (columns: readonly Column[], fromId: string | undefined, direction: Direction, wanted: Wanted): Cell | undefined => {
	const from = findCell(columns, fromId)
	if (!from) return firstCell(columns, undefined, wanted)
	const { index, row, column, cell } = from
	if (direction === 'down') return column.cells.find((next, at) => at > row && wanted(next, column))
	if (direction === 'up') return column.cells.findLast((next, at) => at < row && wanted(next, column))
	const by = direction === 'after' ? 1 : -1
	for (let at = index + by; at >= 0 && at < columns.length; at += by) {
		const found = nearest(columns[at] as Column, cell.minute, wanted)
		if (found) return found
	}
	return undefined
}

/** The first wanted slot of a doctor's column, else of the column nearest to it. */
export const firstCell = (columns: readonly Column[], doctorId: string | undefined, wanted: Wanted): Cell | undefined => {
	const home = Math.max(
		0,
		columns.findIndex(({ doctor }) => doctor.id === doctorId),
	)
	const byDistance = columns.map((column, index) => ({ column, distance: Math.abs(index - home) })).sort((a, b) => a.distance - b.distance)
	for (const { column } of byDistance) {
		const found = column.cells.find(cell => wanted(cell, column))
		if (found) return found
	}
	return undefined
}

export const edgeCell = (
	columns: readonly Column[],
	fromId: string | undefined,
	edge: 'first' | 'last',
	wanted: Wanted,
): Cell | undefined => {
	const from = findCell(columns, fromId)
	if (!from) return firstCell(columns, undefined, wanted)
	const { column } = from
	const match = (cell: Cell) => wanted(cell, column)
	return edge === 'first' ? column.cells.find(match) : column.cells.findLast(match)
}
