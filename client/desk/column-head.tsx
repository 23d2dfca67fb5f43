// biome-ignore-all lint/a11y/useSemanticElements: the day is a grid of its own making
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus is on the slots, one of which the Tab key reaches
import { ActionIcon, Group, Text, VisuallyHidden } from '@mantine/core'
import { IconAlertTriangle, IconCalendarOff, IconCalendarWeek, IconRefresh, IconWorld } from '@tabler/icons-react'
import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Doctor } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import { useErrorText } from '../shell/messages.tsx'
import type { Column } from './day-layout.ts'
import classes from './desk.module.css'
import type { NoTimes } from './use-closed.ts'

const Note = ({ icon, children }: { icon?: ReactNode; children: ReactNode }) => (
	<div className={classes.headNote}>
		{icon}
		<span>{children}</span>
	</div>
)

/** Who a column is about. A button leads to the doctor's time off. */
type Props = {
	column: Column
	index: number
	zone: string | undefined
	isWeek: boolean
	noTimes: (doctor: Doctor, date: string) => NoTimes
	onWeek: (doctorId: string) => void
}

export const ColumnHead = memo(({ column, index, zone, isWeek, noTimes, onWeek }: Props) => {
	const { t } = useTranslation()
	const { dateWeekday, dateDay } = useFormat()
	const errorText = useErrorText()
	const { doctor, date, calendar, cells } = column
	const none = calendar.state === 'live' && cells.length === 0 ? noTimes(doctor, date) : undefined
	return (
		<div role="columnheader" aria-colindex={index + 2} className={classes.head} style={{ gridColumn: index + 2 }}>
			<Group justify="space-between" align="flex-start" wrap="nowrap" gap={4}>
				<Text fw={650} size="sm" lh={1.25}>
					{isWeek ? `${dateWeekday(date)} ${dateDay(date)}` : doctor.fullName}
				</Text>
				{!isWeek && (
					<ActionIcon
						variant="subtle"
						color="gray"
						c="var(--mantine-color-text)"
						size={26}
						ms="auto"
						aria-label={t('board.week', { doctor: doctor.fullName })}
						title={t('board.week', { doctor: doctor.fullName })}
						onClick={() => onWeek(doctor.id)}
						data-testid="desk-week"
					>
						<IconCalendarWeek size={16} aria-hidden />
					</ActionIcon>
				)}
				<ActionIcon
					component={Link}
					to={`/desk/doctors/${doctor.id}/time-off`}
					variant="subtle"
					color="gray"
					c="var(--mantine-color-text)"
					size={26}
					aria-label={t('desk.column.timeOff', { doctor: doctor.fullName })}
					title={t('desk.column.timeOff', { doctor: doctor.fullName })}
				>
					<IconCalendarOff size={16} aria-hidden />
				</ActionIcon>
			</Group>
			<Text size="xs" className={classes.dim} lh={1.3} truncate title={doctor.specialty}>
				{isWeek ? doctor.fullName : doctor.specialty}
			</Text>
			{zone && (
				<Text size="xs" lh={1.3} title={doctor.timeZone} className={classes.zone}>
					<IconWorld size={13} aria-hidden />
					<VisuallyHidden>{t('desk.zone')}</VisuallyHidden>
					<bdi>{zone}</bdi>
				</Text>
			)}
			{calendar.state === 'loading' && <Note>{t('app.loading')}</Note>}
			{calendar.state === 'stale' && <Note icon={<IconRefresh size={14} aria-hidden />}>{t('desk.column.stale')}</Note>}
			{calendar.state === 'failed' && <Note icon={<IconAlertTriangle size={14} aria-hidden />}>{errorText(calendar.error)}</Note>}
			{none?.why === 'no-hours' && <Note>{t('desk.column.empty')}</Note>}
			{none?.why === 'not-open-yet' && <Note>{t('board.notOpenYet')}</Note>}
			{none?.why === 'closed' && <Note>{t('board.closed', { name: none.name })}</Note>}
		</div>
	)
})
