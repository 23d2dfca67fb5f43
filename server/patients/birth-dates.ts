/** The dates that a text may mean: 1980-03-12, 12.3.1980, and 3/12/1980 with either the month or the day first. */
export function birthDatesOf(text: string): string[] {
	const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text) ?? []
	if (year) return dates([[year, month, day]])
	const [, first, mark, second, last] = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$/.exec(text) ?? []
	if (!last) return []
	const dayFirst = [last, second, first]
	return dates(mark === '.' ? [dayFirst] : [[last, first, second], dayFirst])
}

function dates(parts: (string | undefined)[][]): string[] {
	const texts = parts.map(([year = '', month = '', day = '']) => `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)
	return [...new Set(texts.filter(isDate))]
}

function isDate(text: string): boolean {
	const instant = Date.parse(`${text}T00:00:00Z`)
	return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text)
}
