const formats = new Map<string, Intl.DateTimeFormat>()

const formatOf = (timeZone: string) => {
	let format = formats.get(timeZone)
	if (!format) {
		format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
		formats.set(timeZone, format)
	}
	return format
}

/** What the clocks of a zone show at an instant: `YYYY-MM-DD HH:mm:ss`, as pickers and week views take it. */
export const wallTime = (instant: string | number | Date, timeZone: string): string => formatOf(timeZone).format(new Date(instant))

const utcMs = (wall: string) => Date.parse(`${wall.replace(' ', 'T')}Z`)

/**
 * The instant, ISO 8601 in UTC, at which a zone's clocks show `YYYY-MM-DD HH:mm:ss`. A time that spring skips is taken an hour
 * later, one that autumn repeats is taken once.
 */
export const instantOf = (wall: string, timeZone: string): string => {
	const offsetMs = (ms: number) => utcMs(wallTime(ms, timeZone)) - ms
	const wanted = utcMs(wall)
	const guess = wanted - offsetMs(wanted)
	const better = wanted - offsetMs(guess)
	return new Date(utcMs(wallTime(better, timeZone)) === wanted ? better : Math.max(guess, better)).toISOString()
}
