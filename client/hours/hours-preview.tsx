import { Divider, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconMinus, IconPlus } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { SchedulePreview } from '../../contract/index.ts'
import { Conflicts } from '../doctor/conflicts.tsx'
import { dateIn, useFormat } from '../i18n/format.ts'

const shownDays = 5

/** The first days of those starts, and how many slots each has. */
const Days = ({
	title,
	icon,
	count,
	starts,
	timeZone,
}: {
	title: string
	icon: React.ReactNode
	count: number
	starts: string[]
	timeZone: string
}) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const byDay = new Map<string, string[]>()
	for (const start of starts) byDay.set(dateIn(start, timeZone), [...(byDay.get(dateIn(start, timeZone)) ?? []), start])
	const days = [...byDay].slice(0, shownDays)
	const listed = days.reduce((total, [, ofDay]) => total + ofDay.length, 0)
	return (
		<div>
			<Group gap="xs">
				{icon}
				<Title order={3} size="h5">{`${title}: ${format.number(count)}`}</Title>
			</Group>
			{days.length > 0 && (
				<ul style={{ margin: '0.25rem 0', paddingInlineStart: '1.25rem' }}>
					{days.map(([date, ofDay]) => (
						<li key={date}>
							<Text fz="sm">
								{`${format.dateWeekday(date)}, ${format.dateDay(date)}: ${ofDay
									.slice(0, 4)
									.map(start => format.time(start))
									.join(', ')}${ofDay.length > 4 ? ' …' : ''}`}
							</Text>
						</li>
					))}
				</ul>
			)}
			{count > listed && <Text fz="sm">{t('doctor.preview.more', { number: format.number(count - listed) })}</Text>}
		</div>
	)
}

/** What saving the hours would change. */
export const HoursPreview = ({ preview, timeZone }: { preview: SchedulePreview; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const changes = preview.created + preview.removed > 0
	return (
		<Paper withBorder p="md" role="region" aria-label={t('doctor.preview.title')} data-testid="hours-preview">
			<Stack gap="sm">
				<Title order={2} size="h4">
					{t('doctor.preview.title')}
				</Title>
				{changes ? (
					<SimpleGrid cols={{ base: 1, sm: 2 }}>
						<Days
							title={t('doctor.preview.come')}
							icon={<IconPlus size={18} aria-hidden />}
							count={preview.created}
							starts={preview.createdStarts}
							timeZone={timeZone}
						/>
						<Days
							title={t('doctor.preview.go')}
							icon={<IconMinus size={18} aria-hidden />}
							count={preview.removed}
							starts={preview.removedStarts}
							timeZone={timeZone}
						/>
					</SimpleGrid>
				) : (
					<Text>{t('doctor.preview.nothing')}</Text>
				)}
				<Text fz="sm">{t('hours.preview.later')}</Text>
				<Text fz="sm">{t('doctor.preview.kept', { number: format.number(preview.kept) })}</Text>
				<Divider />
				<Conflicts ids={preview.conflicts} timeZone={timeZone} />
			</Stack>
		</Paper>
	)
}
