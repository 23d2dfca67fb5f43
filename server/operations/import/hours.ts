import type { WeeklyHours } from '../../../contract/index.ts'

/** Reads hours such as `mon-fri 08:00-12:00 13:00-17:00; sat 09:00-12:00`; undefined for what is written otherwise. */
export function parseHours(text: string): WeeklyHours[] | undefined {
	const parts = text
		.split(';')
		.filter(part => part.trim() !== '')
		.map(partOf)
	const hours = parts.filter(part => part !== undefined)
	return parts.length === 0 || hours.length < parts.length ? undefined : hours.flat()
}

function partOf(part: string): WeeklyHours[] | undefined {
	const [days = '', ...texts] = part.trim().split(/\s+/)
	const on = daysOf(days)
	const spans = texts.map(spanOf).filter(span => span !== undefined)
	if (!on || texts.length === 0 || spans.length < texts.length) return undefined
	return on.flatMap(weekday => spans.map(span => ({ weekday, ...span })))
}

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function daysOf(text: string): number[] | undefined {
	const [first = '', last = first, ...rest] = text.toLowerCase().split('-')
	const [from, to] = [weekdays.indexOf(first), weekdays.indexOf(last)]
	if (rest.length > 0 || from === -1 || to < from) return undefined
	return Array.from({ length: to - from + 1 }, (_, day) => from + day + 1)
}

function spanOf(text: string): { start: string; end: string } | undefined {
	const [, start, end] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? []
	return start && end ? { start, end } : undefined
}
