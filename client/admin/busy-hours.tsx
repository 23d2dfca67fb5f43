import { Paper, ScrollArea, Text, Title } from '@mantine/core'
import { type CSSProperties, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Analytics } from '../../contract/index.ts'
import { localeOf, useFormat } from '../i18n/format.ts'
import classes from './chart.module.css'

const weekdays = [1, 2, 3, 4, 5, 6, 7]

/** How many appointments each hour of the week has: a table, coloured by its numbers. */
export const BusyHours = ({ byHour }: Pick<Analytics, 'byHour'>) => {
	const { t, i18n } = useTranslation()
	const format = useFormat()
	const clock = useMemo(() => new Intl.DateTimeFormat(localeOf(i18n.language), { hour: 'numeric', timeZone: 'UTC' }), [i18n.language])
	const hours = byHour.map(({ hour }) => hour)
	const first = Math.min(8, ...hours)
	const shown = Array.from({ length: Math.max(18, ...hours) - first + 1 }, (_, index) => first + index)
	const counts = new Map(byHour.map(({ weekday, hour, appointments }) => [`${weekday} ${hour}`, appointments]))
	const most = Math.max(1, ...counts.values())
	return (
		<Paper component="section" withBorder p="md" aria-labelledby="busy-hours" data-testid="analytics-chart" className={classes.card}>
			<Title order={2} size="h4" id="busy-hours">
				{t('admin.analytics.byHour')}
			</Title>
			<Text fz="sm" mb="xs">
				{t('admin.analytics.byHourText')}
			</Text>
			<ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('admin.analytics.byHourText') }}>
				<table className={classes.heat}>
					<thead>
						<tr>
							<th scope="col">{t('admin.analytics.weekday')}</th>
							{shown.map(hour => (
								<th key={hour} scope="col">
									{clock.format(Date.UTC(2024, 0, 1, hour))}
								</th>
							))}
						</tr>
					</thead>
					<tbody>
						{weekdays.map(weekday => (
							<tr key={weekday}>
								<th scope="row">{format.dateWeekday(`2024-01-0${weekday}`)}</th>
								{shown.map(hour => {
									const count = counts.get(`${weekday} ${hour}`) ?? 0
									return (
										<td key={hour} style={{ '--heat': count / most } as CSSProperties}>
											{format.number(count)}
										</td>
									)
								})}
							</tr>
						))}
					</tbody>
				</table>
			</ScrollArea>
		</Paper>
	)
}
