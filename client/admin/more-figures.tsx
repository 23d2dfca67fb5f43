import { Box, Paper, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Analytics } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import classes from './more-figures.module.css'

const explained = [
	['admin.analytics.appointments', 'appointments'],
	['admin.analytics.completed', 'completed'],
	['admin.analytics.utilisation', 'utilisation'],
	['admin.analytics.noShowRate', 'noShowRate'],
	['admin.analytics.cancellationRate', 'cancellationRate'],
	['admin.analytics.leadMedian', 'leadMedian'],
	['admin.analytics.leadP90', 'leadP90'],
	['admin.analytics.byHour', 'byHour'],
	['history.figures.moves', 'moves'],
	['history.figures.waiting', 'waiting'],
	['history.figures.onTime', 'onTime'],
] as const

/** What each figure counts, a click away. */
export const Definitions = () => {
	const { t } = useTranslation()
	return (
		<details className={classes.definitions} data-testid="definitions">
			<summary>{t('history.figures.definitions')}</summary>
			<dl>
				{explained.map(([name, meaning]) => (
					<div key={meaning}>
						<dt>{t(name)}</dt>
						<dd>{t(`history.figures.means.${meaning}`)}</dd>
					</div>
				))}
			</dl>
		</details>
	)
}

export const ByType = ({ byType }: Pick<Analytics, 'byType'>) => {
	const { t } = useTranslation()
	const rows = byType.map(({ typeId, name, ...counts }) => ({ key: typeId, name, ...counts }))
	return <Counts title={t('history.figures.byType')} head={t('history.figures.type')} rows={rows} />
}

export const ByChannel = ({ byChannel }: Pick<Analytics, 'byChannel'>) => {
	const { t } = useTranslation()
	const rows = byChannel.map(({ channel, ...counts }) => ({ key: channel, name: t(`history.figures.channels.${channel}`), ...counts }))
	return <Counts title={t('history.figures.byChannel')} head={t('history.figures.channel')} rows={rows} />
}

type Row = { key: string; name: string; appointments: number; cancelled: number; noShow: number; moves: number }

const Counts = ({ title, head, rows }: { title: string; head: string; rows: readonly Row[] }) => {
	const { t } = useTranslation()
	const format = useFormat()
	return (
		<Paper component="section" withBorder p="md" className={classes.counts} aria-label={title}>
			<Title order={2} size="h4" mb="xs">
				{title}
			</Title>
			<Box role="group" className={classes.scroll} tabIndex={0} aria-label={title}>
				<table>
					<thead>
						<tr>
							<th scope="col">{head}</th>
							<th scope="col">{t('admin.analytics.appointments')}</th>
							<th scope="col">{t('admin.analytics.cancelled')}</th>
							<th scope="col">{t('admin.analytics.noShow')}</th>
							<th scope="col">{t('history.figures.moves')}</th>
						</tr>
					</thead>
					<tbody>
						{rows.map(({ key, name, appointments, cancelled, noShow, moves }) => (
							<tr key={key}>
								<th scope="row">{name}</th>
								{[
									['appointments', appointments],
									['cancelled', cancelled],
									['noShow', noShow],
									['moves', moves],
								].map(([what, count]) => (
									<td key={what}>{format.number(Number(count))}</td>
								))}
							</tr>
						))}
					</tbody>
				</table>
			</Box>
		</Paper>
	)
}
