import { useTranslation } from 'react-i18next'

/**
 * Latin digits in every language, as clocks and phone numbers are read out; names of days and months in the reader's.
 * Where the browser asks for a region's kind of the language, its clock and order of day and month are used.
 */
export const localeOf = (language: string) => {
	const regional = navigator.languages.find(tag => tag.startsWith(`${language}-`) && !tag.includes('-u-'))
	return `${regional ?? language}-u-nu-latn`
}

const dayMs = 86_400_000

/** Made when it is first used: making a format takes longer than using it a hundred times. */
const formatOf = (locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat['format'] => {
	let format: Intl.DateTimeFormat | undefined
	return instant => {
		format ??= new Intl.DateTimeFormat(locale, options)
		return format.format(instant)
	}
}

const withoutDayPeriod = (locale: string, timeZone: string | undefined) => {
	let format: Intl.DateTimeFormat | undefined
	return (instant: string | number | Date): string => {
		format ??= new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...(timeZone && { timeZone }) })
		const parts = format.formatToParts(new Date(instant)).filter(({ type }) => type !== 'dayPeriod')
		return parts
			.map(({ value }) => value)
			.join('')
			.trim()
	}
}

const createFormats = (locale: string, timeZone: string | undefined) => {
	const make = (options: Intl.DateTimeFormatOptions) => {
		const format = formatOf(locale, { ...options, ...(timeZone && { timeZone }) })
		return (instant: string | number | Date) => format(new Date(instant))
	}
	const plain = (options: Intl.DateTimeFormatOptions) => {
		const format = formatOf(locale, { ...options, timeZone: 'UTC' })
		return (date: string) => format(new Date(`${date}T00:00:00Z`))
	}
	return {
		time: make({ hour: '2-digit', minute: '2-digit' }),
		/** Without “AM” and “PM”, for where they are read beside it. */
		clock: withoutDayPeriod(locale, timeZone),
		shortDay: make({ weekday: 'short', day: 'numeric', month: 'short' }),
		day: make({ weekday: 'long', day: 'numeric', month: 'long' }),
		dayAndTime: make({ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
		full: make({ dateStyle: 'full', timeStyle: 'short' }),
		/** Of a calendar date, `YYYY-MM-DD`, whatever the zone. */
		dateWeekday: plain({ weekday: 'short' }),
		dateDay: plain({ day: 'numeric', month: 'short' }),
		dateNumeric: plain({ day: '2-digit', month: '2-digit', year: 'numeric' }),
		dateLong: plain({ weekday: 'long', day: 'numeric', month: 'long' }),
		dateFull: plain({ day: 'numeric', month: 'long', year: 'numeric' }),
		dateMonth: plain({ month: 'long' }),
		number: (value: number) => new Intl.NumberFormat(locale).format(value),
		percent: (value: number | null) =>
			value === null ? '–' : new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(value),
		zone: (zone: string) =>
			new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'long' }).formatToParts().find(part => part.type === 'timeZoneName')
				?.value ?? zone,
	}
}

const formats = new Map<string, ReturnType<typeof createFormats>>()

/** Dates and times by the reader's language, in a zone that is always named. One for the whole page. */
export const useFormat = (timeZone?: string) => {
	const { i18n } = useTranslation()
	const locale = localeOf(i18n.language)
	const key = `${locale} ${timeZone}`
	let format = formats.get(key)
	if (!format) {
		format = createFormats(locale, timeZone)
		formats.set(key, format)
	}
	return format
}

const calendarDates = new Map<string, Intl.DateTimeFormat>()

/** Kept, as they take long to make. */
const calendarDateIn = (timeZone: string): Intl.DateTimeFormat => {
	let format = calendarDates.get(timeZone)
	if (!format) {
		format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
		calendarDates.set(timeZone, format)
	}
	return format
}

/** The calendar date of an instant in a zone, `YYYY-MM-DD`. */
export const dateIn = (instant: string | number | Date, timeZone: string): string => calendarDateIn(timeZone).format(new Date(instant))

/** A calendar date some days later. */
export const addDays = (date: string, days: number): string =>
	new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)

/** The Monday on or before a calendar date. */
export const mondayOf = (date: string): string => addDays(date, -((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7))

export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone
