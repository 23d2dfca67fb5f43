import type { Closure, DatedHours, OpenRange, Plan, TimeOff } from '../../contract/index.ts'
import { instantOf } from '../doctor/wall-time.ts'
import { addDays, dateIn } from '../i18n/format.ts'

/** What is known of a doctor's year. */
export type YearFacts = {
	plans: readonly Plan[]
	dated: readonly DatedHours[]
	closures: readonly Closure[]
	timeOff: readonly TimeOff[]
	/** The zone of a site; of the doctor, for hours whose site is not known. */
	zoneOf: (siteId: string | undefined) => string
}

/**
 * `open`: the weekly hours. `different`: hours of its own, `off`: a day off in their place. `closed`: all hours fall to closures,
 * `away`: all of them to time off. `none`: the plan has no hours on that weekday, or there is none.
 */
export type DayState = 'open' | 'different' | 'off' | 'closed' | 'away' | 'none'

/** What is in force on a day, and where. */
export type YearDay = {
	date: string
	state: DayState
	plan: Plan | undefined
	/** Whether the day has hours of its own. */
	isDated: boolean
	/** The hours that were asked for, closures aside. */
	hours: OpenRange[]
	/** Hours that no closure takes, by their start, each with its site. */
	ranges: OpenRange[]
	/** Closures that concern the doctor on that day. */
	closures: Closure[]
	timeOff: TimeOff[]
	/** Time off takes some of the hours. */
	isPartlyAway: boolean
}

/** Every day of the year with what is in force on it. */
export const yearDays = (year: number, facts: YearFacts): YearDay[] => {
	const dated = new Map(facts.dated.map(each => [each.date, each]))
	const days: YearDay[] = []
	for (let date = `${year}-01-01`; date.startsWith(`${year}-`); date = addDays(date, 1)) days.push(dayOf(date, facts, dated.get(date)))
	return days
}

const dayOf = (date: string, { plans, closures, timeOff, zoneOf }: YearFacts, dated: DatedHours | undefined): YearDay => {
	const plan = plans.find(({ validFrom, validUntil }) => validFrom <= date && (validUntil === undefined || date <= validUntil))
	const hours = (dated?.ranges ?? weeklyOf(plan, date)).map(range => ({ ...(plan && { siteId: plan.siteId }), ...range })).toSorted(byStart)
	const onDay = closures.filter(({ from, to }) => from <= date && date <= to)
	const relevant = onDay.filter(({ siteId }) => siteId === undefined || hours.some(range => range.siteId === siteId))
	const ranges = hours.filter(range => !onDay.some(({ siteId }) => siteId === undefined || siteId === range.siteId))
	const zone = zoneOf((hours[0] ?? plan)?.siteId)
	const off = timeOff.filter(({ startsAt, endsAt }) => dateIn(startsAt, zone) <= date && date <= dateIn(Date.parse(endsAt) - 1, zone))
	const away = awayOf(date, off, ranges, siteId => (siteId === undefined ? zone : zoneOf(siteId)))
	const state =
		relevant.length > 0 && ranges.length === 0
			? 'closed'
			: away === 'all'
				? 'away'
				: dated
					? hours.length > 0
						? 'different'
						: 'off'
					: ranges.length > 0
						? 'open'
						: 'none'
	return { date, state, plan, isDated: dated !== undefined, hours, ranges, closures: relevant, timeOff: off, isPartlyAway: away === 'some' }
}

const weeklyOf = (plan: Plan | undefined, date: string): OpenRange[] => {
	const weekday = new Date(`${date}T00:00:00Z`).getUTCDay() || 7
	return (plan?.weekly ?? []).filter(hours => hours.weekday === weekday).map(({ start, end }) => ({ start, end }))
}

const byStart = (a: OpenRange, b: OpenRange) => (a.start < b.start ? -1 : 1)

/** On a day without hours, the whole day must be off to count. */
const wholeDay = [{ start: '00:00', end: '23:59' }]

const awayOf = (date: string, timeOff: TimeOff[], ranges: OpenRange[], zoneOf: YearFacts['zoneOf']): 'all' | 'some' | 'none' => {
	if (timeOff.length === 0) return 'none'
	const spans = (ranges.length > 0 ? ranges : wholeDay).map((range: OpenRange) => {
		const at = (time: string) => {
			const isMidnight = time === '24:00'
			return Date.parse(instantOf(`${isMidnight ? addDays(date, 1) : date} ${isMidnight ? '00:00' : time}:00`, zoneOf(range.siteId)))
		}
		return { from: at(range.start), until: at(range.end) }
	})
	const off = timeOff.map(({ startsAt, endsAt }) => ({ from: Date.parse(startsAt), until: Date.parse(endsAt) }))
	// An end of 23:59 means all of the day, as the pickers offer it.
	if (spans.every(span => off.some(each => each.from <= span.from && span.until - each.until <= 60_000))) return 'all'
	return ranges.length > 0 && spans.some(span => off.some(each => each.from < span.until && span.from < each.until)) ? 'some' : 'none'
}

/** A short name for each plan of a year: a letter for its site, and a number where the site has several. */
export const plansInYear = (year: number, plans: readonly Plan[]): { plan: Plan; mark: string; hue: number }[] => {
	const shown = plans.filter(
		({ validFrom, validUntil }) => validFrom <= `${year}-12-31` && (validUntil === undefined || validUntil >= `${year}-01-01`),
	)
	const sites = sitesOf(plans)
	return shown.map(plan => {
		const siblings = shown.filter(({ siteId }) => siteId === plan.siteId)
		const number = siblings.length > 1 ? String(siblings.indexOf(plan) + 1) : ''
		return { plan, mark: `${letterOf(sites.indexOf(plan.siteId))}${number}`, hue: sites.indexOf(plan.siteId) % hues }
	})
}

/** The letter and the colour of a site, also where only single days are there. */
export const siteMark = (siteId: string | undefined, plans: readonly Plan[], dated: readonly DatedHours[]) => {
	const sites = [...new Set([...sitesOf(plans), ...dated.flatMap(({ ranges }) => ranges.flatMap(range => range.siteId ?? []))])]
	const place = siteId === undefined ? 0 : Math.max(0, sites.indexOf(siteId))
	return { mark: letterOf(place), hue: place % hues }
}

/** As many as year.module.css has. */
const hues = 6

const sitesOf = (plans: readonly Plan[]) => [...new Set(plans.map(({ siteId }) => siteId))]
const letterOf = (place: number) => String.fromCharCode(65 + (place % 26))
