import { useTranslation } from 'react-i18next'
import type { Site } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import { rangesInWords } from './words.ts'
import { plansInYear, siteMark, type YearDay, type YearFacts } from './year-days.ts'

/** Signs that stand for a day in any language; the legend explains them. */
export const signs = { different: '*', off: '–', closed: '×', away: '○' } as const

/** How a day of the year is shown: a short mark and a colour, and what it means in words. */
export const useDayLook = (year: number, { plans, dated }: YearFacts, sites: readonly Site[]) => {
	const { t } = useTranslation()
	const format = useFormat()
	const marks = new Map(plansInYear(year, plans).map(each => [each.plan.id, each]))
	const siteNames = new Map(sites.map(({ id, name }) => [id, name]))

	const lookOf = (day: YearDay): { mark: string; hue: number | undefined } => {
		switch (day.state) {
			case 'open': {
				const { mark = '', hue } = marks.get(day.plan?.id ?? '') ?? {}
				return { mark: day.isPartlyAway ? `${mark}${signs.away}` : mark, hue }
			}
			case 'different': {
				const { mark, hue } = siteMark(day.ranges[0]?.siteId, plans, dated)
				return { mark: `${mark}${signs.different}${day.isPartlyAway ? signs.away : ''}`, hue }
			}
			case 'off':
			case 'closed':
			case 'away':
				return { mark: signs[day.state], hue: undefined }
			case 'none':
				return { mark: '', hue: undefined }
		}
	}

	/** “09:00–12:00 at Berlin Mitte; 14:00–16:00 at Potsdam”. */
	const hoursIn = ({ ranges }: YearDay): string => {
		const places = [...new Set(ranges.map(({ siteId }) => siteId))]
		return places
			.map(place => {
				const hours = rangesInWords(ranges.filter(({ siteId }) => siteId === place))
				const site = siteNames.get(place ?? '')
				return site ? t('hours.year.hoursAt', { hours, site }) : hours
			})
			.join('; ')
	}

	const describe = (day: YearDay): string => {
		const closures = day.closures.map(({ name }) => name).join(', ')
		const parts: string[] = []
		if (day.state === 'closed') parts.push(t('hours.year.closedFor', { name: closures }))
		else {
			if (day.state === 'away') parts.push(t('hours.year.state.away'))
			if (day.isDated) parts.push(t(day.state === 'off' ? 'hours.year.state.off' : 'hours.year.state.different'))
			if (day.state === 'none') parts.push(t('hours.year.state.none'))
			if (day.ranges.length > 0) parts.push(hoursIn(day))
			if (day.closures.length > 0) parts.push(t('hours.year.closedFor', { name: closures }))
			if (day.isPartlyAway) parts.push(t('hours.year.partlyAway'))
		}
		return parts.join('; ')
	}

	return (day: YearDay) => {
		const description = describe(day)
		return { ...lookOf(day), description, label: `${format.dateLong(day.date)}: ${description}` }
	}
}
