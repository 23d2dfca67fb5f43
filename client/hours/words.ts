import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { OpenRange, Plan, WeeklyHours } from '../../contract/index.ts'
import { localeOf, useFormat } from '../i18n/format.ts'
import { alikeDays, validFromOf } from './weekly-hours.ts'

/** The name of an ISO weekday. */
export const useWeekdayName = (style: 'long' | 'short' | 'narrow' = 'long') => {
	const { i18n } = useTranslation()
	return useMemo(() => {
		const format = new Intl.DateTimeFormat(localeOf(i18n.language), { weekday: style, timeZone: 'UTC' })
		// A month that starts on a Monday.
		return (weekday: number) => format.format(Date.UTC(2024, 0, weekday))
	}, [i18n.language, style])
}

/** When a plan is valid: “from 1 March 2027 until further notice”. */
export const useValidity = () => {
	const { t } = useTranslation()
	const format = useFormat()
	return (plan: Pick<Plan, 'validFrom' | 'validUntil'>): string => {
		const [from, until] = [validFromOf(plan) && format.dateFull(validFromOf(plan)), plan.validUntil && format.dateFull(plan.validUntil)]
		if (from && until) return from === until ? t('hours.plans.on', { from }) : t('hours.plans.fromUntil', { from, until })
		if (from) return t('hours.plans.from', { from })
		return until ? t('hours.plans.until', { until }) : t('hours.plans.always')
	}
}

/** “09:00–12:00, 13:00–17:00”. */
export const rangesInWords = (ranges: readonly OpenRange[]): string => ranges.map(({ start, end }) => `${start}–${end}`).join(', ')

/** A week in lines such as “Mon–Fri: 09:00–12:00”. */
export const useWeekInWords = () => {
	const name = useWeekdayName('short')
	return (weekly: readonly WeeklyHours[]): string[] =>
		alikeDays(weekly).map(({ first, last, ranges }) => {
			const days = first === last ? name(first) : `${name(first)}–${name(last)}`
			return `${days}: ${rangesInWords(ranges)}`
		})
}
