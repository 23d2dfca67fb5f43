import { addDays } from '../i18n/format.ts'

export type Period = { from: string; to: string }

export const presets = ['last7', 'last30', 'last90', 'thisMonth', 'lastMonth', 'next30'] as const
export type Preset = (typeof presets)[number]

/** The server counts over at most this many days. */
export const maxDays = 400

const monthStart = (date: string) => `${date.slice(0, 7)}-01`

/** Dates of a preset, both inclusive, seen from today. */
export const periodOf = (preset: Preset, today: string): Period => {
	if (preset === 'last7') return { from: addDays(today, -6), to: today }
	if (preset === 'last30') return { from: addDays(today, -29), to: today }
	if (preset === 'last90') return { from: addDays(today, -89), to: today }
	if (preset === 'next30') return { from: today, to: addDays(today, 29) }
	if (preset === 'thisMonth') return { from: monthStart(today), to: addDays(monthStart(addDays(monthStart(today), 31)), -1) }
	const lastDay = addDays(monthStart(today), -1)
	return { from: monthStart(lastDay), to: lastDay }
}

export const presetOf = ({ from, to }: Period, today: string): Preset | undefined =>
	presets.find(preset => {
		const period = periodOf(preset, today)
		return period.from === from && period.to === to
	})

export const daysIn = ({ from, to }: Period) => (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1
