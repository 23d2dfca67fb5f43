import { addDays } from '../i18n/format.ts'

/** What a typed date is relative to. */
export type DateContext = {
	/** The clinic's date, `YYYY-MM-DD`. */
	today: string
	/** BCP 47: its names of days and months are understood, besides the English ones. */
	locale: string
}

/**
 * Reads a date as the desk types it: “today”, “mon”, “+3w”, “12.3.”, “12/3”, “24 dec”, “2027-03-12”. Days without a year are those to come.
 *
 * @returns `YYYY-MM-DD`; undefined for what is no date
 */
export function parseTypedDate(typed: string, context: DateContext): string | undefined {
	const text = plain(typed)
	if (text === '') return undefined
	const readers = [fromWord, fromMonthName, fromSpan, fromIso, fromWeekday, fromNumbers]
	for (const read of readers) {
		const date = read(text, context)
		if (date !== undefined) return date
	}
	return undefined
}

/** Lower case, Latin digits, no accents; a full stop at the end says nothing. */
function plain(text: string): string {
	return text
		.trim()
		.toLowerCase()
		.normalize('NFD')
		.replace(/[\u0300-\u036f\u0654\u0655]/g, '')
		.replace(/[٠-٩]/g, digit => String('٠١٢٣٤٥٦٧٨٩'.indexOf(digit)))
		.replace(/[\u200e\u200f\u061c]/g, '')
		.replace(/\s+/g, ' ')
		.replace(/(?<=\p{L})\.$/u, '')
}

const wordDays: Record<string, number> = {
	...{ today: 0, tomorrow: 1 },
	...{ heute: 0, morgen: 1, ubermorgen: 2 },
	...{ hoy: 0, manana: 1, 'pasado manana': 2 },
	...{ اليوم: 0, غدا: 1, 'بعد غد': 2 },
}

function fromWord(text: string, { today }: DateContext): string | undefined {
	const days = wordDays[text]
	return days === undefined ? undefined : addDays(today, days)
}

/** By the first letter of the unit in each language. */
const units: Record<string, 'day' | 'week' | 'month'> = {
	...{ d: 'day', t: 'day', ي: 'day' },
	...{ w: 'week', s: 'week', ا: 'week' },
	...{ m: 'month', ش: 'month' },
}

function fromSpan(text: string, { today }: DateContext): string | undefined {
	const [, sign, count, word = ''] = /^([+-])? ?(\d{1,3}) ?(\p{L}*)$/u.exec(text) ?? []
	if (count === undefined || (sign === undefined && word === '')) return undefined
	const unit = word === '' ? 'day' : units[word[0] as string]
	const many = Number(count) * (sign === '-' ? -1 : 1)
	if (unit === 'day') return addDays(today, many)
	if (unit === 'week') return addDays(today, many * 7)
	return unit === 'month' ? monthsLater(today, many) : undefined
}

/** The same day of the month, or its last one. */
function monthsLater(date: string, months: number): string {
	const [year, month, day] = partsOf(date)
	const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate()
	return new Date(Date.UTC(year, month - 1 + months, Math.min(day, last))).toISOString().slice(0, 10)
}

function fromIso(text: string): string | undefined {
	const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text) ?? []
	return year === undefined ? undefined : dateOf(Number(year), Number(month), Number(day))
}

/** The next such day, never today. */
function fromWeekday(text: string, { today, locale }: DateContext): string | undefined {
	for (const language of [locale, 'en']) {
		const weekday = indexOfName(text, weekdayNames(language))
		if (weekday === -1) continue
		const ahead = (weekday - new Date(`${today}T00:00:00Z`).getUTCDay() + 7) % 7
		return addDays(today, ahead === 0 ? 7 : ahead)
	}
	return undefined
}

function fromNumbers(text: string, context: DateContext): string | undefined {
	const [, first, separator, second, year] = /^(\d{1,2})([./ -])(\d{1,2})(?:[./ -](\d{4}|\d{2})?)?$/.exec(text) ?? []
	if (first === undefined) return undefined
	const [day, month] = separator === '/' && isMonthFirst(context.locale) ? [second, first] : [first, second]
	return dayToCome(Number(day), Number(month), year, context)
}

function fromMonthName(text: string, context: DateContext): string | undefined {
	const [, dayBefore, name = '', dayAfter, year] = /^(?:(\d{1,2})\.? ?)?(\p{L}+)\.?(?: (\d{1,2})(?!\d))?(?: (\d{4}))?$/u.exec(text) ?? []
	const day = dayBefore ?? dayAfter
	if (day === undefined) return undefined
	for (const language of [context.locale, 'en']) {
		const month = indexOfName(name, monthNames(language))
		if (month !== -1) return dayToCome(Number(day), month + 1, year, context)
	}
	return undefined
}

function dayToCome(day: number, month: number, year: string | undefined, { today }: DateContext): string | undefined {
	if (year !== undefined) return dateOf(year.length === 2 ? 2000 + Number(year) : Number(year), month, day)
	const [thisYear] = partsOf(today)
	const date = dateOf(thisYear, month, day)
	// 29 February may only be in a later year.
	return date !== undefined && date >= today ? date : [1, 2, 3, 4].map(years => dateOf(thisYear + years, month, day)).find(Boolean)
}

function dateOf(year: number, month: number, day: number): string | undefined {
	const date = new Date(Date.UTC(year, month - 1, day))
	return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && day > 0 ? date.toISOString().slice(0, 10) : undefined
}

const partsOf = (date: string) => date.split('-').map(Number) as [year: number, month: number, day: number]

/** Two letters are enough. */
function indexOfName(text: string, names: readonly string[][]): number {
	return text.length < 2 ? -1 : names.findIndex(forms => forms.some(form => form.startsWith(text)))
}

/** Sunday first. */
function weekdayNames(locale: string): string[][] {
	return namesOf(locale, 7, (form, index) => [{ weekday: form }, Date.UTC(2023, 0, 1 + index)])
}

function monthNames(locale: string): string[][] {
	return namesOf(locale, 12, (form, index) => [{ month: form }, Date.UTC(2023, index, 1)])
}

function namesOf(
	locale: string,
	count: number,
	of: (form: 'long' | 'short', index: number) => [Intl.DateTimeFormatOptions, number],
): string[][] {
	return Array.from({ length: count }, (_, index) =>
		(['long', 'short'] as const).map(form => {
			const [options, atMs] = of(form, index)
			return plain(new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(atMs))
		}),
	)
}

function isMonthFirst(locale: string): boolean {
	const parts = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'numeric' }).formatToParts(0).map(({ type }) => type)
	return parts.indexOf('month') < parts.indexOf('day')
}
