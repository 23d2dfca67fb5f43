import { useTranslation } from 'react-i18next'
import type { Site } from '../../contract/index.ts'
import { signs } from './use-day-look.ts'
import { useValidity, useWeekInWords } from './words.ts'
import classes from './year.module.css'
import { plansInYear, siteMark, type YearFacts } from './year-days.ts'

type Props = { year: number; facts: YearFacts; sites: readonly Site[] }

/** What the marks of a year mean. */
export const YearLegend = ({ year, facts: { plans, dated }, sites }: Props) => {
	const { t } = useTranslation()
	const validity = useValidity()
	const week = useWeekInWords()
	const nameOf = (siteId: string) => sites.find(({ id }) => id === siteId)?.name ?? ''
	const sitesOfPlans = new Set(plans.map(({ siteId }) => siteId))
	const others = new Set(dated.flatMap(({ ranges }) => ranges.flatMap(({ siteId }) => siteId ?? [])).filter(id => !sitesOfPlans.has(id)))
	return (
		<ul className={classes.legend} aria-label={t('hours.year.legend')} data-testid="year-legend">
			{plansInYear(year, plans).map(({ plan, mark, hue }) => (
				<li key={plan.id}>
					<Sample state="open" mark={mark} hue={hue} />
					<span>
						<strong>{nameOf(plan.siteId)}</strong>, {validity(plan)}: <bdi>{week(plan.weekly).join('; ') || t('hours.plans.noHours')}</bdi>
					</span>
				</li>
			))}
			{[...others].map(siteId => {
				const { mark, hue } = siteMark(siteId, plans, dated)
				return (
					<li key={siteId}>
						<Sample state="different" mark={`${mark}${signs.different}`} hue={hue} />
						<span>
							<strong>{nameOf(siteId)}</strong>, {t('hours.year.singleDays')}
						</span>
					</li>
				)
			})}
			{(['different', 'off', 'closed', 'away'] as const).map(state => (
				<li key={state}>
					<Sample state={state} mark={signs[state]} />
					<span>{t(`hours.year.state.${state}`)}</span>
				</li>
			))}
		</ul>
	)
}

const Sample = ({ state, mark, hue }: { state: string; mark: string; hue?: number }) => (
	<span className={classes.sample} data-state={state} data-hue={hue} aria-hidden>
		{mark}
	</span>
)
